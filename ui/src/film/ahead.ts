// The film that will probably be shown next, in this page's memory: fetched while another is read, averaged for the screen in idle moments, shown only after the server said that it still may be.
import { get } from "../api.ts";
import { fetchFilm, type Sent } from "./pixels.ts";

type Held = { studyKey: string; sent: Promise<Sent | null>; aborted: AbortController };

export class Ahead {
  private held: Held | null = null;

  // At most one film is held: another takes its place.
  prepare(studyKey: string): void {
    if (this.held?.studyKey === studyKey) return;
    this.drop();
    const aborted = new AbortController();
    const sent = fetchFilm(studyKey, "", { ahead: true, signal: aborted.signal }).then(
      (found) => (averageWhenIdle(found, aborted.signal), found),
      () => (this.held?.aborted === aborted && (this.held = null), null),
    );
    this.held = { studyKey, sent, aborted };
  }

  // Of the study that will probably be next.
  async prepareNext(studyKey: string, still: () => boolean): Promise<void> {
    const { study_key: next } = await get<{ study_key: string | null }>(`/api/worklist/next?after=${studyKey}`, { background: true });
    if (next && still()) this.prepare(next);
  }

  // What is held of that study, given away; whatever else is held stays, for the order may have changed back by then.
  take(studyKey: string): Promise<Sent | null> | null {
    if (this.held?.studyKey !== studyKey) return null;
    const { sent } = this.held;
    this.held = null;
    return sent;
  }

  drop(): void {
    this.held?.aborted.abort();
    this.held = null;
  }
}

// Idle callbacks come between the frames of whoever reads meanwhile; a film is averaged in slices of a few milliseconds.
function averageWhenIdle({ film }: Sent, signal: AbortSignal): void {
  const work = film.sampler.averaging();
  const slice = (deadline: IdleDeadline) => {
    if (signal.aborted) return;
    do if (work.next().done) return;
    while (deadline.timeRemaining() > 4);
    requestIdleCallback(slice);
  };
  requestIdleCallback(slice);
}
