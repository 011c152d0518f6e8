// The draft's sentences in a text, and what a verdict on a finding would change of it. No document here: tested without a browser.
import type { Finding, Sentence } from "./answers/study.ts";

export type Span = { start: number; stop: number; sentence: Sentence };

// Where the draft's sentences still stand word for word, in their order.
export function standing(text: string, sentences: readonly Sentence[]): Span[] {
  const found: Span[] = [];
  let from = 0;
  for (const sentence of sentences) {
    const start = sentence.text ? text.indexOf(sentence.text, from) : -1;
    if (start < 0) continue;
    found.push({ start, stop: (from = start + sentence.text.length), sentence });
  }
  return found;
}

// The span with the blank that it would leave behind.
export function withBlank(text: string, { start, stop }: Pick<Span, "start" | "stop">): { start: number; stop: number } {
  if (text[stop] === " ") return { start, stop: stop + 1 };
  return text[start - 1] === " " ? { start: start - 1, stop } : { start, stop };
}

export type Offer = { act: "add" | "remove"; sentence: string };

// Present: the draft's own sentence where it is missing, else a plain one. Absent: the draft's sentence that says it is there.
export function offerFor(finding: Pick<Finding, "name" | "display" | "laterality">, present: boolean, findings: string, sentences: readonly Sentence[]): Offer | null {
  const about = sentences.filter((each) => each.section === "findings" && each.evidence.some((item) => item.finding === finding.name));
  const written = about.find((each) => findings.includes(each.text));
  if (!present) return written ? { act: "remove", sentence: written.text } : null;
  if (written || findings.toLowerCase().includes(finding.display.toLowerCase())) return null;
  const plain = [finding.laterality, finding.display].filter(Boolean).join(" ");
  return { act: "add", sentence: about[0]?.text ?? `${plain.charAt(0).toUpperCase()}${plain.slice(1)}.` };
}
