// Two windows of one browser that show one film: each says what its film looks like, the other takes it on. Nothing leaves this computer.
import type { Look } from "./grey.ts";
import type { Pane } from "./pane.ts";

export type Shown = { studyKey: string; patient: string; instanceKey: string; scale: number; across: number; down: number; quarters: number; mirrored: boolean; look: Look | null; inverted: boolean };
type Said = { kind: "shown"; shown: Shown } | { kind: "left"; studyKey: string } | { kind: "hello" };

// Sizes are told as parts of the film's fitted size, so that windows of any size agree.
export function shownBy(pane: Pane, patient: string): Shown | null {
  if (!pane.source || !pane.film) return null;
  const { view, size, fitScale, look, inverted, source } = pane;
  return { studyKey: source.studyKey, patient, instanceKey: source.instanceKey, scale: view.scale / fitScale, across: (view.centre.x - size.width / 2) / view.scale, down: (view.centre.y - size.height / 2) / view.scale, quarters: view.quarters, mirrored: view.mirrored, look, inverted };
}

export async function takeOn(pane: Pane, shown: Shown): Promise<void> {
  if (pane.source?.studyKey !== shown.studyKey || pane.source.instanceKey !== shown.instanceKey) {
    if (!(await pane.show({ studyKey: shown.studyKey, instanceKey: shown.instanceKey, caption: "" }))) return;
  }
  if (!pane.film) return;
  [pane.look, pane.inverted] = [shown.look, shown.inverted];
  pane.view = { ...pane.view, quarters: shown.quarters, mirrored: shown.mirrored };
  const scale = pane.fitScale * shown.scale;
  const { width, height } = pane.size;
  pane.to({ ...pane.view, scale, centre: { x: width / 2 + shown.across * scale, y: height / 2 + shown.down * scale } }, shown.scale === 1 && shown.across === 0 && shown.down === 0);
}

export class InStep {
  private readonly channel = new BroadcastChannel("wetread-film");
  private last = "";
  private taking = false;

  // `leads`: the reading page, which answers a window that has just opened; it takes on nothing of another study.
  constructor(
    private readonly pane: Pane,
    private readonly patient: () => string,
    private readonly leads: boolean,
    private readonly onTaken: (shown: Shown | null) => void = () => {},
  ) {
    this.channel.addEventListener("message", (event: MessageEvent<Said>) => this.hear(event.data));
    if (!leads) this.channel.postMessage({ kind: "hello" } satisfies Said);
  }

  // The reading page goes to another study: no other window may go on showing this one as if it were read.
  close(): void {
    if (this.leads && this.pane.source) this.channel.postMessage({ kind: "left", studyKey: this.pane.source.studyKey } satisfies Said);
    this.channel.close();
  }

  // Called on every change of the film; says it when it is news and not what was just taken on.
  say(again = false): void {
    const shown = this.taking ? null : shownBy(this.pane, this.patient());
    const text = JSON.stringify(shown);
    if (!shown || (text === this.last && !again)) return;
    this.last = text;
    this.channel.postMessage({ kind: "shown", shown } satisfies Said);
  }

  private async hear(said: Said): Promise<void> {
    if (said.kind === "hello") return this.leads ? this.say(true) : undefined;
    if (said.kind === "left") return this.leads || said.studyKey !== this.pane.source?.studyKey ? undefined : this.onTaken(null);
    if (this.leads && said.shown.studyKey !== this.pane.source?.studyKey) return;
    if (!this.leads) this.onTaken(said.shown);
    this.taking = true;
    await takeOn(this.pane, said.shown).finally(() => (this.taking = false));
    this.last = JSON.stringify(shownBy(this.pane, this.patient()));
  }
}
