// The roster: who is on call now, the week as a picture, and duties handed over by hand. Names only.
import type { HandOver, OnCall, Roster, Site } from "./answers/roster.ts";
import { get, problemOf, send } from "./api.ts";
import { byId, dialog, h, inFocus, show } from "./dom.ts";
import { moment, shortly, visible, words } from "./format.ts";
import { type HandOverForm, handOverForm } from "./hand_over.ts";
import { listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { weekTable } from "./roster_week.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip, sign } from "./strip.ts";
import { dayTimeLabel, timeLabel } from "./zones.ts";
import { t } from "./catalogue.ts";

let roster: Roster;
let form: HandOverForm | null = null;
let drawn = "";

async function refresh() {
  await masthead.refresh();
  roster = await get<Roster>("/api/roster?days=7", { background: true });
  const facts = JSON.stringify({ ...roster, now: roster.now.slice(0, 16), sites: roster.sites.map((each) => ({ ...each, shifts: each.shifts.map(({ duty, people, source }) => [duty, people, source]) })) });
  if (facts === drawn) return;
  drawn = facts;
  draw();
}

function draw() {
  byId("as-of").textContent = t("roster.as_of_times_below_are", { roster: shortly(roster.now) });
  byId("problem").replaceChildren(...problem());
  byId("sites").replaceChildren(...roster.sites.map(site));
  show(byId("hand-overs"), roster.sites.length > 0 || roster.hand_overs.length > 0);
  const inHand = inFocus("[data-override]")?.dataset.override;
  byId("hand-overs").replaceChildren(h("h2", { id: "hand-overs-title" }, "Hand-overs"), handOvers());
  if (inHand) byId("hand-overs").querySelector<HTMLElement>(`[data-override="${CSS.escape(inHand)}"]`)?.focus();
  const able = may("hand_over") && roster.sites.length > 0 && roster.people.length > 0;
  show(byId("give"), able);
  if (!able) return;
  if (form) return form.renew(roster);
  form = handOverForm(roster, refreshNow);
  byId("give").replaceChildren(h("h2", { id: "give-title" }, t("roster.hand_a_duty_over")), form.element);
}

const refreshNow = () => ((drawn = ""), refresh());

function problem() {
  if (!roster.problem) return [];
  const none = !roster.sites.length;
  return [h("div", { class: "item overdue" }, h("div", { class: "body" }, h("div", { class: "line" }, sign(true), h("h2", {}, none ? t("roster.there_is_no_roster_nobody") : t("roster.the_roster_file_is_broken"))),
    h("p", {}, visible(roster.problem)),
    h("p", {}, h("span", { class: "muted" }, t("roster.to_do")), none ? t("roster.watch_the_critical_results_on") : t("roster.whoever_keeps_the_roster_corrects"), h("code", {}, "wetread roster check FILE"), t("roster.names_every_mistake_in_it"))))];
}

function site(each: Site): HTMLElement {
  const zone = each.time_zone;
  const now = new Date(roster.now);
  const until = (duty: string) => each.shifts.find((shift) => shift.duty === duty && new Date(shift.starts_at) <= now && now < new Date(shift.ends_at))?.ends_at;
  const holder = ({ duty, people }: OnCall) => {
    const ends = until(duty);
    return h("li", { class: people.length ? "duty" : "duty nobody" }, h("span", { class: "muted" }, words(visible(duty))),
    h("strong", {}, people.length ? people.map((person) => visible(person.name)).join(", ") : "NOBODY"), people.length && ends ? h("span", { class: "muted" }, new Date(ends) < new Date(roster.until) ? t("roster.until", { ends: dayTimeLabel(ends, zone) }) : t("roster.for_the_whole_week")) : null);
  };
  return h("section", { class: "site", "aria-label": t("roster.site", { site: visible(each.site) }) },
    h("div", { class: "line" }, h("h2", {}, visible(each.site)), h("span", { class: "muted" }, t("roster.now", { zone, timeLabel: timeLabel(now, zone) }))),
    h("ul", { class: "duties", "aria-label": t("roster.on_call_now") }, each.on_call.map(holder)),
    gaps(each), weekTable(each, now));
}

function gaps(each: Site): HTMLElement {
  if (!each.gaps.length) return h("p", { class: "muted" }, t("roster.no_hole_in_the_coming"));
  return h("ul", { class: "gaps", "aria-label": t("roster.hours_that_nobody_covers") }, each.gaps.map((gap) => h("li", {}, sign(true), visible(gap.in_words))));
}

function handOvers(): HTMLElement {
  if (!roster.hand_overs.length) return h("p", { class: "muted" }, t("roster.none_the_roster_file_holds"));
  const zones = new Map(roster.sites.map((each) => [each.site, each.time_zone]));
  const names = new Map(roster.people.map((each) => [each.person_id, each.name]));
  const at = (iso: string, place: string) => {
    const zone = zones.get(place);
    return zone ? dayTimeLabel(iso, zone) : moment(iso);
  };
  const head = [t("roster.site_and_duty"), t("roster.to"), t("roster.from"), t("roster.until_2"), t("roster.why"), t("roster.made_by")].map((each) => h("th", { scope: "col" }, each));
  const row = (each: HandOver) => h("tr", {}, h("td", {}, `${visible(each.site)}: ${words(visible(each.duty))}`), h("td", {}, h("strong", {}, visible(names.get(each.person_id) ?? each.person_id))), h("td", {}, at(each.starts_at, each.site)), h("td", {}, at(each.ends_at, each.site)), h("td", {}, visible(each.reason)), h("td", { class: "muted" }, visible(names.get(each.made_by) ?? each.made_by)),
    h("td", {}, may("hand_over") && h("button", { "data-override": each.override_id, "aria-label": t("roster.undo_the_hand_over_of", { duty: words(visible(each.duty)), person_id: visible(names.get(each.person_id) ?? each.person_id) }), onclick: () => undo(each) }, t("roster.undo"))));
  return h("table", { class: "plain-table" }, h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("roster.undo"))))), h("tbody", {}, roster.hand_overs.map(row)));
}

async function undo(override: HandOver): Promise<void> {
  const done = await dialog<boolean>(t("roster.undo_this_hand_over"), (close) => {
    const error = h("p", { class: "error", role: "alert" });
    const go = async () => {
      try {
        await send("DELETE", `/api/roster/hand-overs/${override.override_id}`);
        close(true);
      } catch (thrown) {
        const failed = problemOf(thrown);
        if (failed.code === "no_such_hand_over") return close(true);
        error.textContent = failed.message;
      }
    };
    return h("div", { class: "stack" }, h("p", {}, t("roster.from_now_on_the_roster", { duty: words(visible(override.duty)), site: visible(override.site) })), error,
      h("div", { class: "actions" }, h("button", { class: "quiet", onclick: () => close(null) }, t("roster.keep_it")), h("button", { class: "primary", autofocus: true, onclick: go }, t("roster.undo_it"))));
  });
  if (done) await refreshNow();
}

await begin();
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const bindings = [{ keys: ["g"], says: t("roster.hand_a_duty_over_2"), run: () => form?.focus() }, ...(strip?.bindings ?? []), ...roomBindings()];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (failed) => byId("sites").replaceChildren(h("p", { class: "alert" }, problemOf(failed).message)));
followRoom(refresh, (up) => masthead.say(up), may("see_worklist"));
