// One study, one sheet: bar, film, findings, report and foot hang on one element. Sheets are exchanged whole, and a study writes on its own alone, so that nothing of one study ever stands beside another's,
// however late an answer comes.
import { h } from "./dom.ts";
import { t } from "./catalogue.ts";

export class StudySheet {
  readonly patient = h("h1", { class: "cut", id: "patient" }, t("sheet.loading_the_study"));
  readonly synthetic = h("span", { class: "banner synthetic", id: "synthetic", hidden: true }, "SYNTHETIC");
  readonly facts = h("span", { class: "facts cut", id: "facts" });
  readonly why = h("span", { class: "why", id: "why" });
  readonly bar = h("div", { class: "patient", id: "bar" }, this.patient, this.synthetic, this.facts, h("span", { class: "grow" }), this.why);
  readonly identity = h("section", { class: "identity", id: "identity", "aria-label": t("sheet.is_it_the_right_patient"), "aria-live": "assertive", hidden: true });
  readonly film = h("section", { class: "film", "aria-label": t("sheet.film"), id: "film" });
  readonly findings = h("section", { id: "findings", "aria-label": t("sheet.ai_findings") });
  readonly report = h("section", { id: "report", "aria-label": t("sheet.report") });
  readonly foot = h("div", { class: "foot", id: "foot" });
  readonly element: HTMLElement;

  constructor(studyKey: string) {
    const words = h("section", { class: "words", "aria-label": t("sheet.findings_and_report") }, h("div", { class: "columns" }, this.findings, this.report), this.foot);
    this.element = h("div", { class: "study", id: "study", "data-study": studyKey }, this.bar, this.identity, h("main", { class: "reading" }, this.film, words));
  }

  // Of this sheet only: another study's page may have one of the same name.
  find<E extends HTMLElement = HTMLElement>(selector: string): E | null {
    return this.element.querySelector<E>(selector);
  }

  // The line that tells how the words stand.
  saySaved(text: string, warn: boolean): void {
    const place = this.find("#saved");
    if (!place) return;
    place.textContent = text;
    place.classList.toggle("warn", warn);
  }
}
