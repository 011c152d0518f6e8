// What every page has at its top: the way to the other pages, how many criticals are open, the bell, whether the page is live.
import type { Alarms } from "./answers/alarms.ts";
import { get } from "./api.ts";
import { byId, h, s } from "./dom.ts";
import { clock } from "./format.ts";
import type { Binding } from "./keys.ts";
import { may } from "./session.ts";
import type { CriticalStrip } from "./strip.ts";
import { t } from "./catalogue.ts";

const ROOMS = [
  { path: "/", label: t("room.worklist"), act: "see_worklist", key: "W" },
  { path: "/criticals", label: t("room.critical"), act: "see_worklist", key: "C" },
  { path: "/identity", label: t("room.identity"), act: "read_study", key: "I" },
  { path: "/roster", label: t("room.roster"), act: "see_roster", key: "R" },
  { path: "/quality", label: t("room.quality"), act: "see_quality", key: "Q" },
  { path: "/administration", label: t("room.admin"), act: "read_own_audit", key: "M" },
  { path: "/alarms", label: t("room.alarms"), act: "see_roster", key: "A" },
];
const bell = () => s("svg", { class: "bell", viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: "M8 1.5c-2.6 0-4 1.9-4 4.3 0 3.2-1.3 4.4-1.9 5.2h11.8c-.6-.8-1.9-2-1.9-5.2 0-2.4-1.4-4.3-4-4.3ZM6.4 12.6a1.7 1.7 0 0 0 3.2 0" }));

export class Masthead {
  constructor(private readonly strip: CriticalStrip | null = null) {
    byId("rooms").replaceChildren(...ROOMS.filter(({ act }) => may(act)).map(({ path, label }) => h("a", { href: path, "data-room": label }, label === "Alarms" ? [bell(), h("span", { class: "visually-hidden" }, t("room.alarms"))] : label, h("span", { class: "count", "aria-hidden": "true" }), h("span", { class: "visually-hidden says" }))));
    this.mark();
  }

  // Which of them this page is.
  mark(): void {
    for (const link of byId("rooms").querySelectorAll("a")) {
      const path = link.getAttribute("href") ?? "";
      if (path === "/" ? location.pathname === path : location.pathname.startsWith(path)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  async refresh() {
    await Promise.all([this.strip?.refresh(), this.ring()]);
    if (this.strip) this.count("Critical", this.strip.results.length, this.strip.results.some((each) => each.overdue), t("room.open", { results: this.strip.results.length }));
  }

  async ring() {
    if (!may("see_roster")) return;
    const { alarms } = await get<Alarms>("/api/alarms", { background: true });
    const unseen = alarms.filter((each) => !each.acknowledged_at).length;
    this.count("Alarms", unseen, unseen > 0, t("room.not_acknowledged_open", { unseen, alarms: alarms.length }));
  }

  count(label: string, number: number, loud: boolean, says: string): void {
    const place = byId("rooms").querySelector<HTMLElement>(`[data-room="${label}"]`);
    const [badge, told] = [place?.querySelector(".count"), place?.querySelector(".says")];
    if (!place || !badge || !told) return;
    badge.textContent = number ? String(number) : "";
    badge.classList.toggle("loud", loud);
    place.title = `${label}: ${says}`;
    told.textContent = `: ${says}`;
  }

  say(up: boolean): void {
    byId("live").classList.toggle("lost", !up);
    byId("live").textContent = up ? t("room.live", { clock: clock(new Date()) }) : t("room.connection_lost_trying_again");
  }
}

export const roomBindings = (leave: (path: string) => unknown = (path) => location.assign(path)): Binding[] => ROOMS.filter(({ act }) => may(act)).map(({ path, label, key }) => ({ keys: [key], says: t("room.go", { label: label.toLowerCase() }), run: () => leave(path) }));
