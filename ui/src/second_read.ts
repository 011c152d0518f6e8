// What a second reader said beside what the machine says, what differs first.
import type { Agreement, Difference, HowRead, OwnFinding } from "./answers/reading.ts";
import { h } from "./dom.ts";

const SAYS: Record<Agreement, [string, string]> = {
  agree: ["agree", "good"],
  ai_only: ["AI only", "asap"],
  reader_only: ["you only", "asap"],
  side: ["other side", "asap"],
  unsure: ["you were unsure", ""],
};
const TOLD: Record<string, string> = { paged: "A critical page about it had reached you before: not counted as blind.", mode_chosen_later: "You chose to read blind after it had come: not counted as blind." };

export function differencesPanel(how: HowRead): HTMLElement | null {
  if (!how.own) return null;
  const differ = how.differences.filter((each) => each.agreement !== "agree").length;
  return h("div", { class: "compared" },
    h("p", { class: "quiet-line" }, `You committed your findings before the AI was shown. ${differ ? `${differ} of ${how.differences.length} differ.` : "Nothing differs."} ${TOLD[how.own.told] ?? ""}`),
    how.differences.length > 0 && h("table", {}, h("caption", { class: "visually-hidden" }, "Your findings beside the AI's"),
      h("thead", {}, h("tr", {}, ["Finding", "You", "AI", ""].map((each) => h("th", { scope: "col" }, each || h("span", { class: "visually-hidden" }, "Compared"))))),
      h("tbody", {}, how.differences.map(row))));
}

function row(each: Difference): HTMLElement {
  const [says, tone] = SAYS[each.agreement];
  return h("tr", { "data-agreement": each.agreement }, h("th", { scope: "row" }, each.display), h("td", {}, own(each.said)), h("td", {}, machine(each)), h("td", {}, h("span", { class: `chip ${tone}` }, says)));
}

function own(said: OwnFinding | null): string {
  if (!said) return "not said";
  const presence = { positive: "present", negative: "absent", uncertain: "unsure" }[said.presence];
  return [presence, said.laterality, said.confidence_percent === null ? "" : `${said.confidence_percent} %`].filter(Boolean).join(", ");
}

const machine = (each: Difference): string => (each.called === null ? "does not look for it" : [each.called ? "called" : "not called", each.called ? each.laterality : ""].filter(Boolean).join(", "));
