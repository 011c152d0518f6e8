// The film that will probably be shown next, in this page's memory: fetched while another is read, averaged for the screen in idle moments, shown only after the server said that it still may be.
import { get } from "../api.ts";
import { fetchFilm, type Sent, showFetched } from "./pixels.ts";
import { byKey } from "./presets.ts";

type Held = { studyKey: string; sent: Promise<Sent | null>; aborted: AbortController };

export class Ahead {
  private held: Held | null = null;

  // At most one film is held: another takes its place.
  prepare(studyKey: string): void {
    if (this.held?.studyKey === studyKey) return;
    this.drop();
    const aborted = new AbortController();
    const sent = fetchFilm(studyKey, "", aborted.signal, true).catch(() => null);
    const held: Held = (this.held = { studyKey, sent, aborted });
    void sent.then((found) => {
      if (found) averageWhenIdle(found, aborted.signal);
      else if (this.held === held) this.held = null;
    });
  }

  // Of the study that will probably be next.
  async prepareNext(studyKey: string, still: () => boolean): Promise<void> {
    const { study_key: next } = await get<{ study_key: string | null }>(`/api/worklist/next?after=${studyKey}`, { background: true });
    if (next && still()) this.prepare(next);
  }

  // The film of that study, to be shown: asked for before anything else is done. What else is held stays, for the order may have changed back by then.
  fetch(studyKey: string, signal: AbortSignal): Promise<Sent> {
    const held = this.held?.studyKey === studyKey ? this.held : null;
    if (!held) return fetchFilm(studyKey, "", signal);
    this.held = null;
    signal.addEventListener("abort", () => held.aborted.abort());
    return showFetched(studyKey, held.sent, signal);
  }

  drop(): void {
    this.held?.aborted.abort();
    this.held = null;
  }
}

// Idle callbacks come between the frames of whoever reads meanwhile: windows are measured and averages made in slices of a few milliseconds.
function averageWhenIdle({ film }: Sent, signal: AbortSignal): void {
  const work = film.sampler.averaging();
  requestIdleCallback(() => byKey(film));
  const slice = (deadline: IdleDeadline) => {
    if (signal.aborted) return;
    do if (work.next().done) return;
    while (deadline.timeRemaining() > 4);
    requestIdleCallback(slice);
  };
  requestIdleCallback(slice);
}
