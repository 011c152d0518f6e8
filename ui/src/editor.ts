// The report as text, section by section. The machine's unedited sentences are marked; what they rest on shows under the pointer or the caret.
import type { Reading, SectionText, Sentence } from "./answers/study.ts";
import { h } from "./dom.ts";
import { evidenceText } from "./findings.ts";

const SHORT = ["indication", "technique", "comparison"];

type Mark = { start: number; stop: number; sentence: Sentence; element: HTMLElement };
type Field = { section: string; area: HTMLTextAreaElement; marks: Mark[]; element: HTMLElement; grow: () => void };

export class Editor {
  readonly element: HTMLElement;
  private readonly sentences: Sentence[];
  private readonly displays: Map<string, string>;
  private readonly fields: Field[];

  constructor(
    reading: Reading,
    sections: string[],
    private readonly evidence: HTMLElement,
    private readonly onChange: () => void,
  ) {
    this.sentences = reading.draft?.sentences ?? [];
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
    const before = field.area.value.trimEnd();
    field.area.value = before ? `${before} ${sentence}` : sentence;
    field.area.dispatchEvent(new Event("input"));
  }

  grow(): void {
    this.fields.forEach((each) => each.grow());
  }

  private field(section: string, text: string): Field {
    const under = h("div", { class: "under", "aria-hidden": "true" });
    const area = h("textarea", { id: `section-${section}`, rows: 1, maxlength: 20000, spellcheck: "true", "aria-describedby": this.evidence.id });
    area.value = text;
    const grow = () => {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    };
    const field: Field = { section, area, marks: [], grow, element: h("div", { class: SHORT.includes(section) ? "section short" : "section" }, h("label", { for: area.id }, section), h("div", { class: "paper" }, under, area)) };
    const explain = (mark: Mark | null | undefined) => {
      field.marks.forEach(({ element }) => element.classList.toggle("hovered", element === mark?.element));
      this.evidence.textContent = mark ? `AI: ${evidenceText(mark.sentence, this.displays)}` : "";
    };
    const refresh = () => {
      field.marks = marked(area.value, this.sentences.filter((each) => each.section === section));
      under.replaceChildren(...pieces(area.value, field.marks));
      grow();
    };
    const atCaret = () => explain(field.marks.find(({ start, stop }) => start <= area.selectionStart && area.selectionStart <= stop));
    area.addEventListener("input", () => (refresh(), atCaret(), this.onChange()));
    for (const kind of ["keyup", "click"] as const) area.addEventListener(kind, atCaret);
    area.addEventListener("blur", () => explain(null));
    area.addEventListener("pointermove", (event) => explain(field.marks.find(({ element }) => [...element.getClientRects()].some((box) => within(box, event)))));
    area.addEventListener("pointerleave", () => explain(null));
    refresh();
    return field;
  }
}

const within = (box: DOMRect, { clientX, clientY }: PointerEvent) => box.left <= clientX && clientX <= box.right && box.top <= clientY && clientY <= box.bottom;

// Where the draft's sentences still stand word for word.
function marked(text: string, sentences: Sentence[]): Mark[] {
  const found: Mark[] = [];
  let from = 0;
  for (const sentence of sentences) {
    const start = text.indexOf(sentence.text, from);
    if (start < 0 || !sentence.text) continue;
    found.push({ start, stop: (from = start + sentence.text.length), sentence, element: h("mark", {}, sentence.text) });
  }
  return found;
}

function pieces(text: string, marks: Mark[]): (string | Node)[] {
  const parts: (string | Node)[] = [];
  let at = 0;
  for (const { start, stop, element } of marks) {
    parts.push(text.slice(at, start), element);
    at = stop;
  }
  return [...parts, `${text.slice(at)}\n`];
}
