// What a second reader said beside what the machine says, what differs first.
import type { Agreement, Difference, HowRead, OwnFinding } from "./answers/reading.ts";
import { h } from "./dom.ts";
import { t } from "./catalogue.ts";

const SAYS: Record<Agreement, [string, string]> = {
  agree: ["agree", "good"],
  ai_only: [t("compared.ai_only"), "asap"],
  reader_only: [t("compared.you_only"), "asap"],
  side: [t("compared.other_side"), "asap"],
  unsure: [t("compared.you_were_unsure"), ""],
};
const TOLD: Record<string, string> = { paged: t("compared.a_critical_page_about_it"), mode_chosen_later: t("compared.you_chose_to_read_blind") };

export function differencesPanel(how: HowRead): HTMLElement | null {
  if (!how.own) return null;
  const differ = how.differences.filter((each) => each.agreement !== "agree").length;
  return h("div", { class: "compared" },
    h("p", { class: "quiet-line" }, `${t("compared.committed")} ${differ ? t("compared.differ", { differ, of: how.differences.length }) : t("compared.none")} ${TOLD[how.own.told] ?? ""}`),
    how.differences.length > 0 && h("table", {}, h("caption", { class: "visually-hidden" }, t("compared.your_findings_beside_the_ais")),
      h("thead", {}, h("tr", {}, [t("compared.finding"), t("compared.you"), "AI", ""].map((each) => h("th", { scope: "col" }, each || h("span", { class: "visually-hidden" }, t("compared.compared")))))),
      h("tbody", {}, how.differences.map(row))));
}

function row(each: Difference): HTMLElement {
  const [says, tone] = SAYS[each.agreement];
  return h("tr", { "data-agreement": each.agreement }, h("th", { scope: "row" }, each.display), h("td", {}, own(each.said)), h("td", {}, machine(each)), h("td", {}, h("span", { class: `chip ${tone}` }, says)));
}

function own(said: OwnFinding | null): string {
  if (!said) return t("compared.not_said");
  const presence = { positive: "present", negative: "absent", uncertain: "unsure" }[said.presence];
  return [presence, said.laterality, said.confidence_percent === null ? "" : `${said.confidence_percent} %`].filter(Boolean).join(", ");
}

const machine = (each: Difference): string => (each.called === null ? t("compared.does_not_look_for_it") : [each.called ? "called" : t("compared.not_called"), each.called ? each.laterality : ""].filter(Boolean).join(", "));
