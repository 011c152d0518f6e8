// Handing a duty over: the times are the site's wall clock, said back in full before they are sent.
import type { Roster } from "./answers/roster.ts";
import { problemOf, send } from "./api.ts";
import { type Child, h } from "./dom.ts";
import { visible, words } from "./format.ts";
import { dayTimeLabel, fromField, instantsOf, toField } from "./zones.ts";
import { t } from "./catalogue.ts";

const FIVE_MIN_MS = 300_000;

type Duty = { site: string; duty: string; zone: string; says: string };
export type HandOverForm = { element: HTMLElement; renew: (now: Roster) => void; focus: () => void };

export function handOverForm(roster: Roster, onDone: () => Promise<void>): HandOverForm {
  const duty = h("select", { id: "give-duty", required: true });
  const person = h("select", { id: "give-person", required: true });
  const from = h("input", { id: "give-from", type: "datetime-local", required: true });
  const to = h("input", { id: "give-to", type: "datetime-local", required: true });
  const reason = h("input", { id: "give-reason", maxlength: 200, autocomplete: "off" });
  const zoneFrom = h("span");
  const zoneTo = h("span");
  const said = h("p", { class: "said", role: "status" });
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { class: "primary" }, t("handover.hand_over"));
  let duties: Duty[] = [];
  let shown = "";
  const chosen = () => duties[Number(duty.value)];

  const renew = (now: Roster) => {
    const same = JSON.stringify([now.people, now.sites.map((each) => [each.site, each.on_call.map((one) => one.duty)])]);
    if (same === shown) return;
    [roster, shown] = [now, same];
    const kept = [chosen()?.says, person.value];
    duties = roster.sites.flatMap((site) => site.on_call.map((each) => ({ site: site.site, duty: each.duty, zone: site.time_zone, says: `${visible(site.site)}: ${words(visible(each.duty))}` })));
    duty.replaceChildren(...duties.map((each, at) => h("option", { value: at, selected: each.says === kept[0] }, each.says)));
    person.replaceChildren(h("option", { value: "" }, t("handover.choose")), ...roster.people.map((each) => h("option", { value: each.person_id, selected: each.person_id === kept[1] }, visible(each.name))));
    speak();
  };
  const instant = (field: HTMLInputElement, name: string) => {
    const [first] = instantsOf(fromField(field.value), chosen()?.zone ?? "UTC");
    if (first === undefined) throw new Error(`${name}: this hour does not exist there, the clocks go forward that night`);
    return first;
  };
  const times = () => {
    const starts = instant(from, t("handover.from"));
    const ends = instant(to, t("handover.to"));
    if (ends <= starts) throw new Error("It ends before it begins");
    return { starts, ends };
  };
  const speak = () => {
    zoneFrom.textContent = zoneTo.textContent = t("handover.time", { chosen: chosen()?.zone ?? "" });
    said.textContent = "";
    const chosenDuty = chosen();
    if (!from.value || !to.value || !chosenDuty) return;
    try {
      const { starts, ends } = times();
      const hours = Math.round((ends - starts) / 360_000) / 10;
      const utc = (each: number) => new Date(each).toISOString().slice(11, 16);
      const who = person.selectedOptions[0]?.value ? person.selectedOptions[0].textContent : t("handover.they");
      said.textContent = t("handover.to_h_to_utc", { who, says: chosenDuty.says, chosenDuty: dayTimeLabel(starts, chosenDuty.zone), chosenDuty2: dayTimeLabel(ends, chosenDuty.zone), chosenDuty3: chosenDuty.zone, hours, starts: utc(starts), ends: utc(ends), chosenDuty4: [from, to].some((each) => instantsOf(fromField(each.value), chosenDuty.zone).length > 1) ? t("handover.twice") : "" });
    } catch (thrown) {
      said.textContent = `${problemOf(thrown).message}.`;
    }
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = chosen();
    if (!given) return;
    error.textContent = "";
    button.disabled = true;
    try {
      const { starts, ends } = times();
      const { site, duty: name } = given;
      await send("POST", "/api/roster/hand-overs", { body: { site, duty: name, person_id: person.value, starts_at: new Date(starts).toISOString(), ends_at: new Date(ends).toISOString(), reason: reason.value } });
      const done = said.textContent;
      [to.value, reason.value, person.value] = ["", "", ""];
      await onDone();
      said.textContent = t("handover.handed_over", { done });
    } catch (thrown) {
      error.textContent = problemOf(thrown).message;
    } finally {
      button.disabled = false;
    }
  };
  const field = (control: HTMLElement, label: string, extra?: Child) => h("div", {}, h("label", { for: control.id }, label, extra), control);
  const element = h("form", { class: "give", onsubmit: submit, oninput: speak, onchange: speak }, field(duty, t("handover.duty")), field(person, t("handover.to_whom")), field(from, t("handover.from"), zoneFrom), field(to, t("handover.until"), zoneTo), field(reason, t("handover.why_if_you_like")), button, said, error);
  renew(roster);
  from.value = toField(Math.ceil(Date.parse(roster.now) / FIVE_MIN_MS) * FIVE_MIN_MS, chosen()?.zone ?? "UTC");
  speak();
  return { element, renew, focus: () => duty.focus() };
}
