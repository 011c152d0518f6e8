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
  byId("as-of").textContent = `as of ${shortly(roster.now)}; times below are each site's own`;
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
  byId("give").replaceChildren(h("h2", { id: "give-title" }, "Hand a duty over"), form.element);
}

const refreshNow = () => ((drawn = ""), refresh());

function problem() {
  if (!roster.problem) return [];
  const none = !roster.sites.length;
  return [h("div", { class: "item overdue" }, h("div", { class: "body" }, h("div", { class: "line" }, sign(true), h("h2", {}, none ? "There is no roster: nobody is paged" : "The roster file is broken: the last good one is in force")),
    h("p", {}, visible(roster.problem)),
    h("p", {}, h("span", { class: "muted" }, "To do: "), none ? "watch the critical results on this screen and call people yourself. Whoever runs wetread sets roster_file, or corrects the file; " : "whoever keeps the roster corrects the file; ", h("code", {}, "wetread roster check FILE"), " names every mistake in it. It is read again by itself; no restart.")))];
}

function site(each: Site): HTMLElement {
  const zone = each.time_zone;
  const now = new Date(roster.now);
  const until = (duty: string) => each.shifts.find((shift) => shift.duty === duty && new Date(shift.starts_at) <= now && now < new Date(shift.ends_at))?.ends_at;
  const holder = ({ duty, people }: OnCall) => {
    const ends = until(duty);
    return h("li", { class: people.length ? "duty" : "duty nobody" }, h("span", { class: "muted" }, words(visible(duty))),
    h("strong", {}, people.length ? people.map((person) => visible(person.name)).join(", ") : "NOBODY"), people.length && ends ? h("span", { class: "muted" }, new Date(ends) < new Date(roster.until) ? `until ${dayTimeLabel(ends, zone)}` : "for the whole week") : null);
  };
  return h("section", { class: "site", "aria-label": `Site ${visible(each.site)}` },
    h("div", { class: "line" }, h("h2", {}, visible(each.site)), h("span", { class: "muted" }, `${zone}, now ${timeLabel(now, zone)}`)),
    h("ul", { class: "duties", "aria-label": "On call now" }, each.on_call.map(holder)),
    gaps(each), weekTable(each, now));
}

function gaps(each: Site): HTMLElement {
  if (!each.gaps.length) return h("p", { class: "muted" }, "No hole in the coming seven days.");
  return h("ul", { class: "gaps", "aria-label": "Hours that nobody covers" }, each.gaps.map((gap) => h("li", {}, sign(true), visible(gap.in_words))));
}

function handOvers(): HTMLElement {
  if (!roster.hand_overs.length) return h("p", { class: "muted" }, "None. The roster file holds.");
  const zones = new Map(roster.sites.map((each) => [each.site, each.time_zone]));
  const names = new Map(roster.people.map((each) => [each.person_id, each.name]));
  const at = (iso: string, place: string) => {
    const zone = zones.get(place);
    return zone ? dayTimeLabel(iso, zone) : moment(iso);
  };
  const head = ["Site and duty", "To", "From", "Until", "Why", "Made by"].map((each) => h("th", { scope: "col" }, each));
  const row = (each: HandOver) => h("tr", {}, h("td", {}, `${visible(each.site)}: ${words(visible(each.duty))}`), h("td", {}, h("strong", {}, visible(names.get(each.person_id) ?? each.person_id))), h("td", {}, at(each.starts_at, each.site)), h("td", {}, at(each.ends_at, each.site)), h("td", {}, visible(each.reason)), h("td", { class: "muted" }, visible(names.get(each.made_by) ?? each.made_by)),
    h("td", {}, may("hand_over") && h("button", { "data-override": each.override_id, "aria-label": `Undo the hand-over of ${words(visible(each.duty))} to ${visible(names.get(each.person_id) ?? each.person_id)}`, onclick: () => undo(each) }, "Undo")));
  return h("table", { class: "plain-table" }, h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Undo")))), h("tbody", {}, roster.hand_overs.map(row)));
}

async function undo(override: HandOver): Promise<void> {
  const done = await dialog<boolean>("Undo this hand-over", (close) => {
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
    return h("div", { class: "stack" }, h("p", {}, `From now on the roster file says again who holds ${words(visible(override.duty))} at ${visible(override.site)}. Tell the person.`), error,
      h("div", { class: "actions" }, h("button", { class: "quiet", onclick: () => close(null) }, "Keep it"), h("button", { class: "primary", autofocus: true, onclick: go }, "Undo it")));
  });
  if (done) await refreshNow();
}

await begin();
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const bindings = [{ keys: ["g"], says: "hand a duty over", run: () => form?.focus() }, ...(strip?.bindings ?? []), ...roomBindings()];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (failed) => byId("sites").replaceChildren(h("p", { class: "alert" }, problemOf(failed).message)));
followRoom(refresh, (up) => masthead.say(up), may("see_worklist"));
