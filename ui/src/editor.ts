// The report as text, section by section. The machine's unedited sentences are marked; what they rest on shows under the pointer or the caret, and on the film.
import type { Macro, ReportWarning } from "./answers/reading.ts";
import type { Reading, SectionText, Sentence } from "./answers/study.ts";
import { completion, type Completion } from "./completion.ts";
import { dialog, h } from "./dom.ts";
import { wordDiff } from "./diff.ts";
import { evidenceText } from "./findings.ts";
import { type Span, standing, withBlank } from "./sentences.ts";
import { t } from "./catalogue.ts";

const SHORT = ["indication", "technique", "comparison"];

type Mark = Span & { element: HTMLElement };
type Field = { section: string; area: HTMLTextAreaElement; marks: Mark[]; element: HTMLElement; grow: () => void; explain: (mark: Mark | null | undefined) => void };
export type Hooks = { onChange: () => unknown; onPoint: (sentence: Sentence | null) => unknown; macros: () => Macro[] };

export class Editor {
  readonly element: HTMLElement;
  private readonly sentences: Sentence[];
  private readonly displays: Map<string, string>;
  private readonly fields: Field[];
  private readonly accepted: Set<Sentence>;
  private hinted: Completion | null = null;

  constructor(
    private readonly reading: Reading,
    sections: string[],
    private readonly evidence: HTMLElement,
    private readonly hooks: Hooks,
  ) {
    this.sentences = reading.draft?.sentences ?? [];
    const accepted = new Set((reading.report?.judged ?? []).filter((each) => each.fate === "accepted").map((each) => each.sentence));
    this.accepted = new Set(this.sentences.filter((each) => accepted.has(each.id)));
    this.displays = new Map((reading.ai.analysis?.findings ?? []).map((each) => [each.name, each.display]));
    const texts = new Map((reading.report?.content.sections ?? []).map((each) => [each.section, each.text]));
    this.fields = sections.map((section) => this.field(section, texts.get(section) ?? ""));
    this.element = h("div", {}, this.fields.map((each) => each.element));
  }

  get sections(): SectionText[] {
    return this.fields.map(({ section, area }) => ({ section, text: area.value }));
  }

  text(section: string): string {
    return this.fields.find((each) => each.section === section)?.area.value ?? "";
  }

  focus(): void {
    const wanted = this.fields.find((each) => each.section === "findings") ?? this.fields[0];
    wanted?.area.focus();
  }

  // Puts a sentence at the end of the findings, or of the section in hand.
  insert(sentence: string): void {
    const field = this.fields.find(({ area }) => area === document.activeElement) ?? this.fields.find((each) => each.section === "findings") ?? this.fields[0];
    if (!field || !sentence) return;
    const end = field.area.value.trimEnd().length;
    this.write(field.area, end, field.area.value.length, end ? ` ${sentence}` : sentence);
  }

  remove(sentence: string): void {
    for (const { area } of this.fields) {
      const start = area.value.indexOf(sentence);
      if (start < 0) continue;
      const span = withBlank(area.value, { start, stop: start + sentence.length });
      return this.write(area, span.start, span.stop, "");
    }
  }

  // Words that a warning rests on.
  select({ section, start, end }: ReportWarning): void {
    const field = this.fields.find((each) => each.section === section);
    field?.area.focus();
    field?.area.setSelectionRange(start, end);
  }

  // The AI's sentences that still stand, one after the other through all sections: selected, explained, shown on the film.
  step(by: number): void {
    const all = this.fields.flatMap((field) => field.marks.map((mark) => ({ field, mark })));
    const area = document.activeElement;
    const [row, caret] = [this.fields.findIndex((each) => each.area === area), area instanceof HTMLTextAreaElement ? area.selectionStart : 0];
    const behind = all.filter(({ field, mark }) => this.fields.indexOf(field) < row || (field.area === area && mark.stop <= caret)).length;
    const within_ = all.some(({ field, mark }) => field.area === area && mark.start <= caret && caret < mark.stop);
    const at = by > 0 ? behind + (within_ ? 1 : 0) : behind - 1;
    const next = all[(at + all.length) % (all.length || 1)];
    if (!next) return;
    next.field.area.focus();
    next.field.area.setSelectionRange(next.mark.start, next.mark.stop);
    next.field.explain(next.mark);
  }

  // Those that still stand; what was accepted and then changed is no more.
  get acceptedIds(): string[] {
    return [...new Set(this.fields.flatMap((each) => each.marks).filter((each) => this.accepted.has(each.sentence)).map((each) => each.sentence.id))];
  }

  get progress(): { accepted: number; standing: number } {
    const marks = this.fields.flatMap((each) => each.marks);
    return { accepted: marks.filter((each) => this.accepted.has(each.sentence)).length, standing: marks.length };
  }

  showChanges(): Promise<unknown> {
    const draftOf = (section: string) => this.sentences.filter((each) => each.section === section).map((each) => each.text).join(" ");
    const changed = this.sections.map(({ section, text }) => ({ section, pieces: wordDiff(draftOf(section), text) })).filter(({ pieces }) => pieces.some((each) => each.kind !== "same"));
    return dialog<null>(t("editor.what_you_changed_against_the"), (close) => h("div", { class: "stack" },
      changed.length ? h("div", { class: "changes" }, changed.map(({ section, pieces }) => [h("h3", {}, section), h("p", {}, pieces.map(({ kind, text }) => (kind === "same" ? text : h(kind === "added" ? "ins" : "del", {}, text))))])) : h("p", {}, t("editor.nothing_the_report_is_the")),
      h("div", { class: "actions" }, h("button", { autofocus: true, onclick: () => close(null) }, t("editor.close")))));
  }

  // What Tab would write, of macros that came after the words.
  hintAgain(): void {
    const field = this.fields.find(({ area }) => area === document.activeElement);
    if (field) this.hint(field.area);
  }

  grow(): void {
    this.fields.forEach((each) => each.grow());
  }

  // As if it had been typed, so that Ctrl+Z takes it back.
  private write(area: HTMLTextAreaElement, start: number, stop: number, text: string): void {
    area.focus();
    area.setSelectionRange(start, stop);
    const typed = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (typed) return;
    area.setRangeText(text, start, stop, "end");
    area.dispatchEvent(new Event("input"));
  }

  private field(section: string, text: string): Field {
    const under = h("div", { class: "under", "aria-hidden": "true" });
    const area = h("textarea", { id: `section-${section}`, rows: 1, maxlength: 20000, spellcheck: "true", "aria-describedby": this.evidence.id });
    area.value = text;
    const grow = () => {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    };
    const explain = (mark: Mark | null | undefined) => {
      field.marks.forEach(({ element }) => element.classList.toggle("hovered", element === mark?.element));
      const accepted = mark && this.accepted.has(mark.sentence) ? ", accepted" : "";
      this.evidence.textContent = mark ? `AI${accepted}: ${evidenceText(mark.sentence, this.displays, this.reading.identity.study_date)}` : "";
      this.hooks.onPoint(mark?.sentence ?? null);
    };
    const field: Field = { section, area, marks: [], grow, explain, element: h("div", { class: SHORT.includes(section) ? "section short" : "section" }, h("label", { for: area.id }, section), h("div", { class: "paper" }, under, area)) };
    const refresh = () => {
      field.marks = standing(area.value, this.sentences.filter((each) => each.section === section)).map((span) => ({ ...span, element: h("mark", { class: this.accepted.has(span.sentence) ? "accepted" : "" }, span.sentence.text) }));
      under.replaceChildren(...pieces(area.value, field.marks));
      grow();
    };
    const markHere = () => field.marks.find(({ start, stop }) => start <= area.selectionEnd && area.selectionEnd <= stop); // the end: a selection may begin with the blank before
    const atCaret = () => (this.hint(area) ? undefined : explain(markHere()));
    area.addEventListener("input", () => (refresh(), atCaret(), this.hooks.onChange()));
    area.addEventListener("keydown", (event) => this.press(event, field, markHere, refresh));
    for (const kind of ["keyup", "click"] as const) area.addEventListener(kind, (event) => !(event instanceof KeyboardEvent && event.altKey) && atCaret());
    area.addEventListener("blur", () => explain(null));
    area.addEventListener("pointermove", (event) => explain(field.marks.find(({ element }) => [...element.getClientRects()].some((box) => within(box, event))) ?? (area === document.activeElement ? markHere() : null)));
    area.addEventListener("pointerleave", () => explain(area === document.activeElement ? markHere() : null));
    refresh();
    return field;
  }

  private press(event: KeyboardEvent, { area }: Field, markHere: () => Mark | undefined, refresh: () => void): void {
    if (event.key === "Tab" && !event.shiftKey && this.hinted) {
      const { start, stop, text } = this.hinted;
      this.write(area, start, stop, text);
    } else if (!event.altKey || event.ctrlKey || event.metaKey) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") {
      const mark = markHere();
      if (mark) this.accepted.add(mark.sentence);
      refresh();
      this.hooks.onChange();
      this.step(1);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      const mark = markHere();
      const span = mark && withBlank(area.value, mark);
      if (span) this.write(area, span.start, span.stop, "");
    } else return;
    event.preventDefault();
  }

  // What Tab would write is said before it is written.
  private hint(area: HTMLTextAreaElement): boolean {
    const alone = area.selectionStart === area.selectionEnd;
    const offered = [...this.sentences.map((each) => each.text), ...this.hooks.macros().map((each) => each.text)];
    this.hinted = alone ? completion(area.value, area.selectionStart, this.hooks.macros(), offered) : null;
    if (this.hinted) this.evidence.replaceChildren(h("kbd", {}, "Tab"), ` ${this.hinted.text}`);
    return this.hinted !== null;
  }
}

const within = (box: DOMRect, { clientX, clientY }: PointerEvent) => box.left <= clientX && clientX <= box.right && box.top <= clientY && clientY <= box.bottom;

function pieces(text: string, marks: Mark[]): (string | Node)[] {
  const parts: (string | Node)[] = [];
  let at = 0;
  for (const { start, stop, element } of marks) {
    parts.push(text.slice(at, start), element);
    at = stop;
  }
  return [...parts, `${text.slice(at)}\n`];
}
