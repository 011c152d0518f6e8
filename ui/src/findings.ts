// What the model found, in numbers that say what they are; beside each, what the reader says.
import type { Concept } from "./answers/reading.ts";
import type { Ai, Finding, Rate, Reading, Sentence } from "./answers/study.ts";
import { h, s } from "./dom.ts";
import { probability, visible, words } from "./format.ts";
import { reliabilityHint, reliabilityNote } from "./reliability.ts";
import { t } from "./catalogue.ts";

export type Said = "present" | "absent" | null;
type Judged = { name: string; display: string; laterality: string };
type Judge = (finding: Judged, verdict: Said) => void;
type Panel = { concepts: Concept[]; mode: HTMLElement | null; compared: HTMLElement | null; editable: boolean; verdictOf: (name: string) => Said; onVerdict: Judge; onPoint: (finding: Finding, instanceKey: string) => void };
type RowOf = { hint: HTMLElement | null;  editable: boolean; verdict: Said; onVerdict: Judge; onPoint: (finding: Finding) => void };

export function findingsPanel(reading: Reading, { concepts, mode, compared, editable, verdictOf, onVerdict, onPoint }: Panel): HTMLElement[] {
  const { ai } = reading;
  const title = h("div", { class: "title" }, h("h2", {}, ai.status === "withheld" ? t("findings.findings") : t("findings.ai_findings")), ai.analysis && h("span", { class: "muted" }, `${ai.analysis.model.name} ${ai.analysis.model.version}`), mode);
  const lines = [compared, status(ai), ...(ai.analysis?.quality ?? []).map((flag) => h("p", { class: "quiet-line warn" }, visible(flag.message)))];
  const present = (given: (HTMLElement | null | false)[]) => given.filter((each) => each instanceof HTMLElement);
  const { analysis } = ai;
  const unread = (each: Concept) => h("li", { class: "finding", "data-finding": each.name }, h("span", { class: "name" }, each.display), verdictButtons({ ...each, laterality: "" }, verdictOf(each.name), onVerdict));
  if (!analysis) return present([title, ...lines, editable && h("ul", { class: "findings own" }, concepts.map(unread))]);
  const row = (finding: Finding) => findingRow(finding, { hint: reliabilityHint(reading.reliability, finding.name), editable, verdict: verdictOf(finding.name), onVerdict, onPoint: (each) => onPoint(each, analysis.instance_key) });
  const byProbability = [...analysis.findings].sort((one, other) => (other.probability ?? 0) - (one.probability ?? 0));
  const called = byProbability.filter((each) => each.called);
  const below = byProbability.filter((each) => !each.called);
  const list = (items: Finding[]) => h("ul", { class: "findings" }, items.map(row));
  return present([
    title, ...lines,
    called.length ? list(called) : h("p", { class: "quiet-line" }, t("findings.nothing_reaches_its_operating_point")),
    below.length > 0 && h("details", { open: called.length === 0 || matchMedia("(min-width: 2400px)").matches }, h("summary", {}, t("findings.below_their_operating_points", { below: below.length })), list(below)),
    reliabilityNote(reading.reliability),
  ]);
}

function status(ai: Ai): HTMLElement | null {
  const says = {
    withheld: t("findings.ai_is_off_for_this"),
    pending: t("findings.the_model_is_still_reading"),
    unavailable: t("findings.ai_unavailable", { reason: visible(ai.reason) || t("findings.no_model") }),
    out_of_distribution: t("findings.out_of_distribution_its_numbers", { reason: ai.reason }),
    read: ai.reason ? t("findings.ai_unavailable_for_the_newest", { reason: visible(ai.reason) }) : "",
  }[ai.status];
  if (!says) return null;
  return h("p", { class: ai.status === "pending" ? "quiet-line" : "quiet-line warn", role: "status" }, says.replace("..", "."));
}

function findingRow(finding: Finding, { hint, editable, verdict, onVerdict, onPoint }: RowOf): HTMLElement {
  const { value, rest } = probability(finding);
  const side = finding.laterality ? h("span", { class: "side" }, `, ${finding.laterality}`) : null;
  const item = h("li", { class: `finding ${finding.called ? "called" : "below"}`, "data-finding": finding.name, title: evidenceTitle(finding) },
    h("button", { class: "name", "aria-label": t("findings.show_it_on_the_film", { Boolean: [finding.display, finding.laterality].filter(Boolean).join(", "), value, rest, called: finding.called ? "called" : t("findings.not_called") }) }, finding.display, side),
    editable ? verdictButtons(finding, verdict, onVerdict) : h("span", { class: "verdict muted" }, verdict ?? ""),
    h("div", { class: "reading-line" }, meter(finding), h("span", { class: "numbers" }, h("b", {}, value), `, ${rest}${finding.called ? ", called" : ""}`)), hint);
  const on = () => onPoint(finding);
  item.addEventListener("pointerenter", on);
  item.addEventListener("focusin", on);
  return item;
}

function evidenceTitle({ operating_point: point, called }: Finding): string {
  const rate = (name: string, each: Rate | null) => (each ? `${name} ${each.value.toFixed(2)} (${each.low.toFixed(2)} to ${each.high.toFixed(2)}, n ${each.n})` : t("findings.not_measured", { name }));
  return t("findings.operating_point_by", { called: called ? "called" : t("findings.not_called"), rule: point.rule, sensitivity: rate("sensitivity", point.sensitivity), specificity: rate("specificity", point.specificity) });
}

function meter({ probability: level, operating_point: point }: Finding): SVGElement {
  const at = Math.round(point.threshold * 1000) / 10;
  return s("svg", { class: "meter", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "track", width: 100, height: 8, rx: 1 }), level !== null && s("rect", { class: "level", width: 100 * level, height: 8, rx: 1 }), s("line", { class: "point", x1: at, x2: at, y1: 0, y2: 8 }));
}

function verdictButtons(finding: Judged, verdict: Said, onVerdict: Judge): HTMLElement {
  const button = (name: "present" | "absent", says: string) => h("button", { type: "button", "aria-pressed": String(verdict === name), "aria-label": `${name}, ${finding.display}: ${says}`, onclick: () => onVerdict(finding, verdict === name ? null : name) }, name);
  return h("span", { class: "verdict", role: "group", "aria-label": t("findings.your_verdict_on", { display: finding.display }) }, button("present", t("findings.i_see_it")), button("absent", t("findings.i_do_not_see_it")));
}

// A prior is quoted with its age and its day.
function ago(days: number, studyDate: string | undefined): string {
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(studyDate ?? "");
  const then = day && new Date(Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3]) - days)).toISOString().slice(0, 10);
  return then ? t("findings.days_before_on", { days, then }) : t("findings.days_before", { days });
}

export const evidenceText = (sentence: Sentence, displays: Map<string, string>, studyDate?: string): string => {
  const parts = sentence.evidence.map((each) => {
    const name = each.finding ? (displays.get(each.finding) ?? words(each.finding)) : visible(each.source);
    if (each.days_before !== null) return [each.source.startsWith("prior:") ? t("findings.prior_report") : visible(each.source), ago(each.days_before, studyDate), each.finding && `: ${name}`].filter(Boolean).join("");
    if (each.probability === null) return name;
    return t("findings.operating_point", { name, probability: each.probability.toFixed(2), threshold: each.threshold === null ? "none" : each.threshold.toFixed(2) });
  });
  return [parts.join("; "), visible(sentence.hedge)].filter(Boolean).join(". ");
};
