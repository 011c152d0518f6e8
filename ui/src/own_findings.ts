// What a person sees before they are shown what the machine says: said finding by finding, committed once.
import type { Concept, OwnFinding, Presence } from "./answers/reading.ts";
import type { Reading } from "./answers/study.ts";
import { problemOf, send } from "./api.ts";
import { dialog, h } from "./dom.ts";

const SAYS: [Presence, string, string][] = [["positive", "present", "I see it"], ["uncertain", "unsure", "I am not sure"], ["negative", "absent", "I do not see it"]];

type Options = { address: string; concepts: Concept[]; asked: string[]; critical: boolean; adjudicates: boolean; onShown: (reading: Reading) => unknown };

export class OwnFindings {
  readonly element: HTMLElement;
  readonly foot: Node[];
  private readonly said = new Map<string, OwnFinding>();
  private readonly error = h("p", { class: "error", role: "alert" });
  private readonly rows: HTMLElement;

  constructor(private readonly options: Options) {
    const { adjudicates, asked, concepts, critical } = options;
    const shown = concepts.filter((each) => !asked.length || asked.includes(each.name));
    this.rows = h("ul", { class: "findings own" }, shown.map((each) => this.row(each)));
    this.element = h("div", {},
      h("div", { class: "title" }, h("h2", {}, "Your findings"), h("span", { class: "muted" }, adjudicates ? "adjudication: AI and report are withheld" : "second reader: the AI is withheld")),
      h("p", { class: "quiet-line" }, adjudicates ? "Answer for every finding. An answer cannot be changed." : "Say what you see. What you leave out counts as not said. It is committed once; then the AI is shown beside it."),
      this.rows, this.error);
    this.foot = [
      h("span", { class: "saved" }, "Not committed yet"),
      critical || adjudicates ? h("button", { class: "quiet", onclick: () => this.askToReveal() }, adjudicates ? "I need the whole study" : "Show the AI now") : "",
      h("button", { class: "primary", onclick: () => this.commit() }, adjudicates ? "Commit my answers " : "Commit and show the AI ", h("kbd", {}, "Ctrl Enter")),
    ].filter((each) => each instanceof Node);
  }

  focus(): void {
    this.rows.querySelector("button")?.focus();
  }

  step(by: number): void {
    const rows = [...this.rows.children];
    const at = rows.findIndex((each) => each.contains(document.activeElement));
    rows[(at + by + rows.length) % rows.length]?.querySelector<HTMLElement>("[aria-pressed=true], button")?.focus();
  }

  async commit(): Promise<void> {
    const { address, adjudicates, asked, onShown } = this.options;
    this.error.textContent = "";
    if (adjudicates && this.said.size < asked.length) return void (this.error.textContent = `Answer for every finding: ${asked.length - this.said.size} are left.`);
    const count = [...this.said.values()].filter((each) => each.presence === "positive").length;
    if (!this.said.size && !(await askWhetherNormal())) return;
    try {
      const findings = [...this.said.values()].map(({ confidence_percent: sure, ...rest }) => (sure === null ? rest : { ...rest, confidence_percent: sure }));
      onShown(await send<Reading>("POST", `${address}/findings`, { body: { findings } }));
    } catch (thrown) {
      this.error.textContent = `${problemOf(thrown).message} ${count ? "Nothing you chose is lost." : ""}`;
    }
  }

  private async askToReveal(): Promise<void> {
    const { address, adjudicates, onShown } = this.options;
    const says = adjudicates ? "You will see the AI and the report, and will not be an adjudicator of this study any more." : "This study is critical: you may see the AI before you commit. The log says so, and your reading counts as one with AI.";
    if (!(await confirm_(adjudicates ? "Show the whole study" : "Show the AI now", says, "Show it"))) return;
    try {
      onShown(await send<Reading>("POST", `${address}/reveal`));
    } catch (thrown) {
      this.error.textContent = problemOf(thrown).message;
    }
  }

  private row(concept: Concept): HTMLElement {
    const more = h("span", { class: "more" });
    const buttons = SAYS.map(([presence, name, says]) => h("button", { type: "button", "aria-pressed": "false", "data-presence": presence, "aria-label": `${name}, ${concept.display}: ${says}`, onclick: () => say(presence) }, name));
    const say = (presence: Presence) => {
      const before = this.said.get(concept.name);
      if (before?.presence === presence) this.said.delete(concept.name);
      else this.said.set(concept.name, { name: concept.name, presence, laterality: presence === "negative" ? "" : (before?.laterality ?? ""), confidence_percent: before?.confidence_percent ?? null });
      const now = this.said.get(concept.name);
      buttons.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.presence === now?.presence)));
      more.replaceChildren(...(now && now.presence !== "negative" ? this.detail(concept, now) : []));
    };
    return h("li", { class: "finding", "data-finding": concept.name }, h("span", { class: "name" }, concept.display), h("span", { class: "verdict", role: "group", "aria-label": `Your verdict on ${concept.display}` }, buttons), more);
  }

  private detail(concept: Concept, said: OwnFinding): HTMLElement[] {
    const side: HTMLSelectElement = h("select", { "aria-label": `Side of ${concept.display}`, onchange: () => void (said.laterality = side.value) }, ["", "left", "right", "bilateral"].map((each) => h("option", { value: each, selected: each === said.laterality }, each || "side")));
    const sure: HTMLInputElement = h("input", { type: "number", min: 0, max: 100, step: 1, class: "sure", placeholder: "%", "aria-label": `How sure you are of ${concept.display}, in percent; may stay empty`, value: said.confidence_percent ?? "",
      oninput: () => void (said.confidence_percent = sure.validity.valid && sure.value ? sure.valueAsNumber : null) });
    return [...(concept.lateralised ? [side] : []), sure];
  }
}

const askWhetherNormal = () => confirm_("Nothing said", "You named no finding. Commit a film on which you see none of them?", "Commit");

function confirm_(title: string, says: string, act: string): Promise<boolean | null> {
  return dialog<boolean>(title, (close) => h("div", { class: "stack" }, h("p", {}, says),
    h("div", { class: "actions" }, h("button", { class: "quiet", onclick: () => close(null) }, "Not yet"), h("button", { class: "primary", autofocus: true, onclick: () => close(true) }, act))));
}
