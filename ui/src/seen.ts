// Tells the server what of the AI was before somebody's eyes: each thing once per page, after it has stood there for a moment.
import { send } from "./api.ts";

export type Sight = "findings" | "heat_map" | "box" | "draft";
const STOOD_MS = 700;

export class Sights {
  private readonly told = new Set<string>();
  private readonly standing = new Map<Sight, { name: string; timer: ReturnType<typeof setTimeout> }>();

  constructor(
    private readonly address: string,
    private readonly tells: () => boolean,
  ) {}

  show(what: Sight, finding = ""): void {
    const name = `${what} ${finding}`;
    if (this.told.has(name) || this.standing.get(what)?.name === name) return;
    this.hide(what);
    this.standing.set(what, { name, timer: setTimeout(() => this.tell(name, what, finding), STOOD_MS) });
  }

  hide(what: Sight): void {
    clearTimeout(this.standing.get(what)?.timer);
    this.standing.delete(what);
  }

  // The study is left: what has not stood long enough was not seen.
  close(): void {
    for (const what of [...this.standing.keys()]) this.hide(what);
  }

  private tell(name: string, what: Sight, finding: string): void {
    this.standing.delete(what);
    if (!this.tells()) return;
    this.told.add(name);
    send("POST", `${this.address}/seen`, { body: { what, ...(finding ? { finding } : {}) }, background: true, renew: false }).catch(() => this.told.delete(name));
  }
}

// The film's own marks, as they stand on the screen: a heat map or a box of the finding in hand.
export function watchFilm(root: HTMLElement, sights: Sights): MutationObserver {
  const look = () => {
    const finding = root.dataset.finding ?? "";
    for (const [what, selector] of [["heat_map", ".heat"], ["box", ".box"]] as const) {
      const mark = root.querySelector<HTMLElement>(selector);
      if (mark?.checkVisibility() && finding) sights.show(what, finding);
      else sights.hide(what);
    }
  };
  const watcher = new MutationObserver(look);
  watcher.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["hidden", "data-finding"] });
  return watcher;
}
