// Alarms: what is wrong, where, since when, what to do, and who has seen it.
import type { Alarm, Alarms } from "./answers/alarms.ts";
import { get, problemOf, send } from "./api.ts";
import { byId, h, inFocus } from "./dom.ts";
import { shortly, visible, waited, words } from "./format.ts";
import { listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip, sign } from "./strip.ts";

const ROSTER = { path: "/roster", says: "See the roster", act: "see_roster" };
const CRITICALS = { path: "/criticals", says: "See the critical results", act: "see_worklist" };
const QUALITY = { path: "/quality", says: "See the quality page", act: "see_quality" };
type Kind = { title: string; todo: string; see?: { path: string; says: string; act: string } };
const KINDS: Record<string, Kind> = {
  roster_gap: { title: "Nobody on call", todo: "Hand the duty over to somebody for these hours, or fill the gap in the roster file.", see: ROSTER },
  nobody_to_page: { title: "Nobody to page", todo: "Look at the critical results now and call somebody yourself. Then name people for this site in the roster file.", see: ROSTER },
  page_undeliverable: { title: "A page did not arrive", todo: "Call the person yourself. Then have the channel or the address corrected.", see: CRITICALS },
  critical_overdue: { title: "A critical result is overdue", todo: "Acknowledge it, or call somebody who can.", see: CRITICALS },
  escalation_stopped: { title: "Paging has stopped", todo: "Nobody is being paged: watch the critical results on this screen, and have the worker started again.", see: CRITICALS },
  clock_went_back: { title: "The server's clock went back", todo: "Have the time service of the server looked at." },
  configuration: { title: "Something is configured wrong", todo: "Tell whoever runs wetread what this says." },
  nothing_arrives: { title: "No films arrive", todo: "Ask at the modality and the sender whether films are being sent." },
  nothing_read: { title: "The AI reads nothing", todo: "Read without it; every film stays readable. Tell whoever runs wetread." },
  nothing_routed: { title: "Nothing is being prioritised", todo: "The order of the worklist may be wrong: look through it yourself. Tell whoever runs wetread." },
  dead_letters: { title: "Work that failed for good", todo: "Tell whoever runs wetread: a report may not have been delivered." },
  rule_never_fires: { title: "A triage rule never fires", todo: "Have the triage policy looked at." },
  rule_always_fires: { title: "A triage rule always fires", todo: "Have the triage policy and the model looked at." },
  watch_failed: { title: "The watch over silent failures failed", todo: "Other alarms may be missing: tell whoever runs wetread." },
  patient_in_doubt: { title: "A film may be another patient's", todo: "Open the study, compare film and order, and say whether it is the right patient. A signed report of the wrong patient: call the ward." },
  audit_broken: { title: "The audit log does not hold", todo: "Somebody may have changed it. Keep the machine as it is; tell whoever runs wetread and the quality officer." },
  rollout_stopped: { title: "A model version was held or taken back", todo: "Its gates say why: wetread rollout explain. Quality or an administrator resumes what is held; what was taken back reads nothing any more." },
  scores_drifted: { title: "The AI's scores have drifted", todo: "Find out what changed in films, patients or headers. A drift says that something changed, not that it got worse.", see: QUALITY },
  tags_drifted: { title: "The films have changed", todo: "Ask what changed at the modality, in its headers or in who is sent. It says that something changed, not that the AI got worse.", see: QUALITY },
  films_drifted: { title: "Films look different to the AI", todo: "Compare some new films with old ones; ask what changed at the modality. A reason to look, not a verdict.", see: QUALITY },
  sensitivity_fell: { title: "The AI misses more than before", todo: "Read without relying on it. Have the missed studies looked at, and the model held or rolled back.", see: QUALITY },
  calibration_off: { title: "The AI's probabilities no longer fit", todo: "Do not read them as frequencies. Have the model recalibrated for this site.", see: QUALITY },
  subgroup_gap: { title: "The AI is worse for a group of patients", todo: "Read these patients' films without relying on it. Have the studies looked at.", see: QUALITY },
  overrides_jumped: { title: "Readers overrule the AI more than before", todo: "Ask the readers what they see. Have the model held or rolled back if they are right.", see: QUALITY },
  scores_all_equal: { title: "The AI gives every film the same score", todo: "Do not rely on it. Tell whoever runs wetread." },
};
let names: Record<string, string> = {};

async function refresh() {
  await masthead.refresh();
  const answer = await get<Alarms>("/api/alarms", { background: true });
  names = answer.names;
  const now = new Date(answer.now);
  const order = (each: Alarm) => (each.acknowledged_at ? 1 : 0);
  const alarms = answer.alarms.sort((one, other) => order(one) - order(other));
  const inHand = inFocus("[data-alarm]")?.dataset.alarm;
  byId("list").replaceChildren(alarms.length ? h("ul", { class: "items" }, alarms.map((each) => card(each, now))) : h("div", { class: "empty" }, h("strong", {}, "No alarm is open"), h("span", {}, "Films arrive, are read and put in order; the roster has no hole; every page went out.")));
  [...byId("list").querySelectorAll<HTMLElement>("[data-alarm]")].find((each) => each.dataset.alarm === inHand)?.querySelector("button")?.focus();
}

function card(alarm: Alarm, now: Date): HTMLElement {
  const kind = KINDS[alarm.kind] ?? { title: words(alarm.kind), todo: "" };
  const seen = alarm.acknowledged_at;
  const often = [alarm.seen > 1 && `seen ${alarm.seen} times, last ${waited(alarm.last_seen_at, now)} ago`, alarm.episode > 1 && `came back: time ${alarm.episode}`].filter(Boolean).join("; ");
  return h("li", { class: `item alarm ${seen ? "acknowledged" : alarm.pages ? "overdue" : "loud"}`, "data-alarm": alarm.alarm_key },
    h("div", { class: "body" },
      h("div", { class: "line" }, sign(!seen && alarm.pages), h("h2", {}, kind.title), h("span", { class: "chip" }, visible(alarm.site) || "everywhere"), h("span", { class: "muted" }, `for ${waited(alarm.raised_at, now)}, since ${shortly(alarm.raised_at)}`)),
      h("p", {}, visible(alarm.message)), kind.todo && h("p", {}, h("span", { class: "muted" }, "To do: "), kind.todo, " ", kind.see && may(kind.see.act) && h("a", { href: kind.see.path }, kind.see.says)),
      h("p", { class: "muted" }, [often, seen ? `acknowledged by ${visible(names[alarm.acknowledged_by] ?? alarm.acknowledged_by)} ${shortly(seen)}` : alarm.pages ? "not acknowledged: the technical duty is paged every hour" : "not acknowledged; nobody is paged for it"].filter(Boolean).join("; "))),
    h("div", { class: "acts" }, !seen && may("acknowledge_alarm") && h("button", { class: "primary", "aria-label": `Acknowledge: ${kind.title}, ${visible(alarm.site)}`, onclick: (event) => acknowledge(event.currentTarget, alarm) }, "Acknowledge")));
}

async function acknowledge(button: HTMLButtonElement, alarm: Alarm): Promise<void> {
  button.disabled = true;
  try {
    await send("POST", "/api/alarms/acknowledge", { body: { alarm_key: alarm.alarm_key } });
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (problem.code !== "no_such_alarm") {
      button.disabled = false;
      return button.parentElement?.prepend(h("p", { class: "error", role: "alert" }, problem.message));
    }
  }
  await refresh();
}

await begin();
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const bindings = [...(strip?.bindings ?? []), ...roomBindings()];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (thrown) => byId("list").replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message)));
followRoom(refresh, (up) => masthead.say(up), may("see_worklist"));
