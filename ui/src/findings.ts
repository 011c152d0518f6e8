// What the model found, in numbers that say what they are; beside each, what the reader says.
import type { Concept } from "./answers/reading.ts";
import type { Ai, Finding, Rate, Reading, Sentence } from "./answers/study.ts";
import { h, s } from "./dom.ts";
import { probability, visible, words } from "./format.ts";
import { reliabilityHint, reliabilityNote } from "./reliability.ts";

export type Said = "present" | "absent" | null;
type Judged = { name: string; display: string; laterality: string };
type Judge = (finding: Judged, verdict: Said) => void;
type Panel = { concepts: Concept[]; mode: HTMLElement | null; compared: HTMLElement | null; editable: boolean; verdictOf: (name: string) => Said; onVerdict: Judge; onPoint: (finding: Finding, instanceKey: string) => void };
type RowOf = { hint: HTMLElement | null;  editable: boolean; verdict: Said; onVerdict: Judge; onPoint: (finding: Finding) => void };

export function findingsPanel(reading: Reading, { concepts, mode, compared, editable, verdictOf, onVerdict, onPoint }: Panel): HTMLElement[] {
  const { ai } = reading;
  const title = h("div", { class: "title" }, h("h2", {}, ai.status === "withheld" ? "Findings" : "AI findings"), ai.analysis && h("span", { class: "muted" }, `${ai.analysis.model.name} ${ai.analysis.model.version}`), mode);
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
    called.length ? list(called) : h("p", { class: "quiet-line" }, "Nothing reaches its operating point. That is not a normal film: the model only looks for the findings below."),
    below.length > 0 && h("details", { open: called.length === 0 || matchMedia("(min-width: 2400px)").matches }, h("summary", {}, `${below.length} below their operating points`), list(below)),
    reliabilityNote(reading.reliability),
  ]);
}

function status(ai: Ai): HTMLElement | null {
  const says = {
    withheld: "AI is off for this study. It is withheld from you on every page.",
    pending: `The model is still reading this film. You can start without it.`,
    unavailable: `AI unavailable: ${visible(ai.reason) || "no model read this study"}.`,
    out_of_distribution: `Out of distribution: ${ai.reason}. Its numbers may mean nothing here.`,
    read: ai.reason ? `AI unavailable for the newest images: ${visible(ai.reason)}` : "",
  }[ai.status];
  if (!says) return null;
  return h("p", { class: ai.status === "pending" ? "quiet-line" : "quiet-line warn", role: "status" }, says.replace("..", "."));
}

function findingRow(finding: Finding, { hint, editable, verdict, onVerdict, onPoint }: RowOf): HTMLElement {
  const { value, rest } = probability(finding);
  const side = finding.laterality ? h("span", { class: "side" }, `, ${finding.laterality}`) : null;
  const item = h("li", { class: `finding ${finding.called ? "called" : "below"}`, "data-finding": finding.name, title: evidenceTitle(finding) },
    h("button", { class: "name", "aria-label": `${[finding.display, finding.laterality].filter(Boolean).join(", ")}: show it on the film, ${value}, ${rest}, ${finding.called ? "called" : "not called"}` }, finding.display, side),
    editable ? verdictButtons(finding, verdict, onVerdict) : h("span", { class: "verdict muted" }, verdict ?? ""),
    h("div", { class: "reading-line" }, meter(finding), h("span", { class: "numbers" }, h("b", {}, value), `, ${rest}${finding.called ? ", called" : ""}`)), hint);
  const on = () => onPoint(finding);
  item.addEventListener("pointerenter", on);
  item.addEventListener("focusin", on);
  return item;
}

function evidenceTitle({ operating_point: point, called }: Finding): string {
  const rate = (name: string, each: Rate | null) => (each ? `${name} ${each.value.toFixed(2)} (${each.low.toFixed(2)} to ${each.high.toFixed(2)}, n ${each.n})` : `${name} not measured`);
  return `${called ? "called" : "not called"}; operating point by ${point.rule}; ${rate("sensitivity", point.sensitivity)}, ${rate("specificity", point.specificity)}`;
}

function meter({ probability: level, operating_point: point }: Finding): SVGElement {
  const at = Math.round(point.threshold * 1000) / 10;
  return s("svg", { class: "meter", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "track", width: 100, height: 8, rx: 1 }), level !== null && s("rect", { class: "level", width: 100 * level, height: 8, rx: 1 }), s("line", { class: "point", x1: at, x2: at, y1: 0, y2: 8 }));
}

function verdictButtons(finding: Judged, verdict: Said, onVerdict: Judge): HTMLElement {
  const button = (name: "present" | "absent", says: string) => h("button", { type: "button", "aria-pressed": String(verdict === name), "aria-label": `${name}, ${finding.display}: ${says}`, onclick: () => onVerdict(finding, verdict === name ? null : name) }, name);
  return h("span", { class: "verdict", role: "group", "aria-label": `Your verdict on ${finding.display}` }, button("present", "I see it"), button("absent", "I do not see it"));
}

// A prior is quoted with its age and its day.
function ago(days: number, studyDate: string | undefined): string {
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(studyDate ?? "");
  const then = day && new Date(Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3]) - days)).toISOString().slice(0, 10);
  return `, ${days} days before${then ? ` (${then})` : ""}`;
}

export const evidenceText = (sentence: Sentence, displays: Map<string, string>, studyDate?: string): string => {
  const parts = sentence.evidence.map((each) => {
    const name = each.finding ? (displays.get(each.finding) ?? words(each.finding)) : visible(each.source);
    if (each.days_before !== null) return `${each.source.startsWith("prior:") ? "prior report" : visible(each.source)}${ago(each.days_before, studyDate)}${each.finding ? `: ${name}` : ""}`;
    if (each.probability === null) return name;
    return `${name} ${each.probability.toFixed(2)}, operating point ${each.threshold === null ? "none" : each.threshold.toFixed(2)}`;
  });
  return [parts.join("; "), visible(sentence.hedge)].filter(Boolean).join(". ");
};
