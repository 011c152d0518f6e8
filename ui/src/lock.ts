// Who has this study open for writing. The lock is a lease on the server: this keeps it, gives it back, and tells when somebody took it.
import type { Held, Lock } from "./answers/reading.ts";
import { screenName, send } from "./api.ts";
import { dialog, h } from "./dom.ts";
import { clock } from "./format.ts";
import { t } from "./catalogue.ts";

const HEARTBEAT_MS = 15_000;
const GIVEN_BACK_AFTER_MS = 400; // what is shown next comes first
const REASONS: [string, string][] = [["handed_over", t("lock.it_was_handed_over_to")], ["colleague_left", t("lock.my_colleague_has_left")], ["urgent", t("lock.it_is_urgent")]];

const given = new Map<string, Promise<unknown>>(); // on its way back, by address
const leaving = new Map<string, ReturnType<typeof setTimeout>>(); // to be given back, by address
addEventListener("pagehide", () => [...leaving.keys()].forEach(giveBack));

function giveBack(address: string): void {
  clearTimeout(leaving.get(address));
  leaving.delete(address);
  const sent = fetch(`${address}/lock`, { method: "DELETE", keepalive: true, headers: { "wetread-request": "1", "wetread-screen": screenName, "wetread-activity": "background" } }).catch(() => {});
  given.set(address, sent);
  void sent.then(() => given.delete(address));
}

export class StudyLock {
  holder: Lock | null = null;
  mine = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly gone = new AbortController();

  constructor(
    private readonly address: string,
    private readonly me: () => string,
    private readonly onLost: () => unknown,
  ) {
    addEventListener("pagehide", () => this.release(), { signal: this.gone.signal });
  }

  // True when this screen may write. A study that the same person has open elsewhere comes over by itself: the other screen then reads along.
  async take(): Promise<{ fromOwnScreen: boolean }> {
    clearTimeout(leaving.get(this.address)); // this screen comes back to it: it was never given away
    leaving.delete(this.address);
    await given.get(this.address);
    let held = await this.put();
    const fromOwnScreen = !held.mine && held.lock.holder_id === this.me();
    if (fromOwnScreen) held = await this.put("own_other_screen");
    this.hold(held);
    return { fromOwnScreen };
  }

  async takeOver(): Promise<boolean> {
    const reason = this.holder && (await askWhy(this.holder));
    if (!reason) return false;
    this.hold(await this.put(reason));
    return this.mine;
  }

  // What the status says of the lock. Losing it is told once.
  heard(lock: Lock | null, now: string): void {
    this.holder = lock && lock.expires_at > now ? lock : null;
    if (this.mine && this.holder && this.holder.screen !== screenName) this.lose();
  }

  lose(): void {
    if (!this.mine) return;
    this.stop();
    this.onLost();
  }

  // The study is left: what is held is given back, also what is only now given.
  close(): void {
    this.gone.abort();
    if (!this.mine) return;
    this.stop();
    leaving.set(this.address, setTimeout(() => giveBack(this.address), GIVEN_BACK_AFTER_MS));
  }

  release(): void {
    if (!this.mine) return;
    this.stop();
    giveBack(this.address);
  }

  private stop(): void {
    this.mine = false;
    clearInterval(this.timer);
  }

  private hold({ lock, mine }: Held): void {
    this.holder = lock;
    this.mine = mine;
    clearInterval(this.timer);
    if (mine && this.gone.signal.aborted) this.release();
    else if (mine) this.timer = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  private beat(): void {
    this.put().then(({ lock, mine }) => {
      this.holder = lock;
      if (!mine && !this.gone.signal.aborted) this.lose();
    }, () => {}); // out of reach or signed out: the lease tells
  }

  private put(reason?: string): Promise<Held> {
    return send<Held>("PUT", `${this.address}/lock`, { body: { screen: screenName, ...(reason ? { reason } : {}) }, background: true, renew: reason !== undefined || !this.mine });
  }
}

export function lockedBanner(lock: Lock, onTakeOver: () => unknown): HTMLElement {
  return h("p", { class: "banner-line", role: "status" }, h("span", {}, t("lock.has_this_study_open_since", { holder_name: lock.holder_name, taken_at: clock(lock.taken_at) })), h("button", { onclick: onTakeOver }, t("lock.take_over")));
}

function askWhy(lock: Lock): Promise<string | null> {
  return dialog<string>(t("lock.take_over_this_study"), (close) => {
    const choice = h("select", { id: "take-over-reason", autofocus: true }, REASONS.map(([value, says]) => h("option", { value }, says)));
    const submit = (event: Event) => (event.preventDefault(), close(choice.value));
    return h("form", { onsubmit: submit }, h("p", {}, t("lock.is_told_at_once_and", { holder_name: lock.holder_name })),
      h("div", {}, h("label", { for: "take-over-reason" }, t("lock.why_for_the_log")), choice),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("lock.read_along")), h("button", { class: "primary" }, t("lock.take_over"))));
  });
}
