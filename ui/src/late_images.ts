// Images that came after the report was signed: they stay at the top of the report until a person has amended it, or said that nothing changes.
import type { LateImages, Reading } from "./answers/study.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { moment, visible } from "./format.ts";
import { may } from "./session.ts";

const percent = (probability: number | null): string => (probability === null ? "" : ` ${Math.round(probability * 100)} %`);

// What the AI makes of them, in words; never that there is nothing.
function read(late: LateImages): string {
  if (late.problem) return t("late.unread", { problem: visible(late.problem) });
  if (!late.read) return t("late.reading");
  if (!late.findings.length) return t("late.nothing_called");
  return t("late.called", { findings: late.findings.map((each) => visible(`${each.laterality} ${each.display}`.trim()) + percent(each.probability)).join(", ") });
}

// `keep` says that nothing changes. Who only reads along, or already writes the amendment, gets no buttons.
export function lateBanner(reading: Reading, on: { keep: () => unknown; amend: () => unknown } | null): HTMLElement | null {
  const late = reading.late_images;
  if (!late?.open) return null;
  const title = late.instances.length === 1 ? t("late.one") : t("late.several", { count: late.instances.length });
  return h("div", { class: "late", role: "group", "aria-label": title },
    h("strong", {}, title), h("span", { class: "muted" }, t("late.since", { since: moment(late.since) })),
    h("p", {}, reading.reading.withheld ? t("late.withheld") : read(late)),
    on && may("sign") ? h("div", { class: "bar" }, h("button", { onclick: on.keep }, t("late.keep")), h("button", { onclick: on.amend }, t("study.amend"))) : "");
}
