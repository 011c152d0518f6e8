// What a person sees before they are shown what the machine says: said finding by finding, committed once.
import type { Concept, OwnFinding, Presence } from "./answers/reading.ts";
import type { Reading } from "./answers/study.ts";
import { problemOf, send } from "./api.ts";
import { dialog, h } from "./dom.ts";
import { t } from "./catalogue.ts";

const SAYS: [Presence, string, string][] = [["positive", "present", t("own.i_see_it")], ["uncertain", "unsure", t("own.i_am_not_sure")], ["negative", "absent", t("own.i_do_not_see_it")]];

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
      h("div", { class: "title" }, h("h2", {}, t("own.your_findings")), h("span", { class: "muted" }, adjudicates ? t("own.adjudication_ai_and_report_are") : t("own.second_reader_the_ai_is"))),
      h("p", { class: "quiet-line" }, adjudicates ? t("own.answer_for_every_finding_an") : t("own.say_what_you_see_what")),
      this.rows, this.error);
    this.foot = [
      h("span", { class: "saved" }, t("own.not_committed_yet")),
      critical || adjudicates ? h("button", { class: "quiet", onclick: () => this.askToReveal() }, adjudicates ? t("own.i_need_the_whole_study") : t("own.show_the_ai_now")) : "",
      h("button", { class: "primary", onclick: () => this.commit() }, adjudicates ? t("own.commit_my_answers") : t("own.commit_and_show_the_ai"), h("kbd", {}, "Ctrl Enter")),
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
    if (adjudicates && this.said.size < asked.length) return void (this.error.textContent = t("own.answer_for_every_finding_are", { size: asked.length - this.said.size }));
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
    const says = adjudicates ? t("own.you_will_see_the_ai") : t("own.this_study_is_critical_you");
    if (!(await confirm_(adjudicates ? t("own.show_the_whole_study") : t("own.show_the_ai_now"), says, t("own.show_it")))) return;
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
    return h("li", { class: "finding", "data-finding": concept.name }, h("span", { class: "name" }, concept.display), h("span", { class: "verdict", role: "group", "aria-label": t("own.your_verdict_on", { display: concept.display }) }, buttons), more);
  }

  private detail(concept: Concept, said: OwnFinding): HTMLElement[] {
    const side: HTMLSelectElement = h("select", { "aria-label": t("own.side_of", { display: concept.display }), onchange: () => void (said.laterality = side.value) }, ["", "left", "right", "bilateral"].map((each) => h("option", { value: each, selected: each === said.laterality }, each || "side")));
    const sure: HTMLInputElement = h("input", { type: "number", min: 0, max: 100, step: 1, class: "sure", placeholder: "%", "aria-label": t("own.how_sure_you_are_of", { display: concept.display }), value: said.confidence_percent ?? "",
      oninput: () => void (said.confidence_percent = sure.validity.valid && sure.value ? sure.valueAsNumber : null) });
    return [...(concept.lateralised ? [side] : []), sure];
  }
}

const askWhetherNormal = () => confirm_(t("own.nothing_said"), t("own.you_named_no_finding_commit"), t("own.commit"));

function confirm_(title: string, says: string, act: string): Promise<boolean | null> {
  return dialog<boolean>(title, (close) => h("div", { class: "stack" }, h("p", {}, says),
    h("div", { class: "actions" }, h("button", { class: "quiet", onclick: () => close(null) }, t("own.not_yet")), h("button", { class: "primary", autofocus: true, onclick: () => close(true) }, act))));
}
