// Findings, report and foot of one study: what stands there, and what a person does with it.
import type { Finding, Prior, Reading, Report, ReportContent, Sentence, Verdict } from "./answers/study.ts";
import { askAboutConflict, askToAmend, askToReject, askToSign } from "./acts.ts";
import { askToAdd } from "./addendum.ts";
import { problemOf, send } from "./api.ts";
import { knows, t } from "./catalogue.ts";
import { canDictate, dictateButton } from "./dictation.ts";
import { h } from "./dom.ts";
import { Editor } from "./editor.ts";
import { findingsPanel, type Said } from "./findings.ts";
import { dated, visible, words } from "./format.ts";
import type { Binding } from "./keys.ts";
import { lateBanner } from "./late_images.ts";
import { lockedBanner } from "./lock.ts";
import { modeButton } from "./modes.ts";
import { showOffer } from "./offer.ts";
import { type OpenStudy, READABLE } from "./open_study.ts";
import { OwnFindings } from "./own_findings.ts";
import { dropUnsaved, recoveryNotice } from "./recovery.ts";
import { Saver } from "./saver.ts";
import { differencesPanel } from "./second_read.ts";
import { may, me } from "./session.ts";
import { addendumBlocks, deliveryList, document_, signatureBlock, versionList } from "./signed.ts";
import { Warnings } from "./warnings.ts";

// A copy from another archive says so: nobody here has reported it.
const priorName = ({ study_key, study_date, fetched_from }: Prior): HTMLElement => (fetched_from ? h("span", {}, t("prior.from", { date: dated(study_date), archive: visible(fetched_from) })) : h("a", { href: `/studies/${study_key}` }, dated(study_date)));

const present = <T extends Node>(...given: (T | null | undefined | false | "")[]): T[] => given.filter((each) => each instanceof Node);

export class StudyWords {
  editor: Editor | null = null;
  saver: Saver | null = null;
  own: OwnFindings | null = null;
  kept = false; // words are on the server as a recovery copy: it is dropped once they are stored in the report
  private warnings: Warnings | null = null;
  private verdicts = new Map<string, Verdict>();
  private versionShown: number | null = null;

  constructor(private readonly study: OpenStudy) {}

  private get reading(): Reading {
    if (!this.study.reading) throw new Error("this study is not here yet");
    return this.study.reading;
  }

  // The version that nobody has signed yet.
  get report(): Report | null {
    const report = this.study.reading?.report;
    return report && !report.signature ? report : null;
  }

  get editing(): Report | null {
    return may("edit_draft") && this.study.lock.mine ? this.report : null;
  }

  content(from: Editor): ReportContent {
    return { sections: from.sections, findings: [...this.verdicts.values()].map(({ name, present, laterality }) => ({ name, present, laterality })) };
  }

  close(): void {
    this.saver?.stop();
    this.warnings?.stop();
  }

  show(reading: Reading): void {
    this.saver?.stop();
    this.warnings?.stop();
    this.study.film.point(null);
    this.own = null;
    this.verdicts = new Map((reading.report?.content.findings ?? []).map((each) => [each.name, each]));
    if (reading.reading.withheld === "until_commit" || reading.reading.withheld === "adjudication") return this.drawOwn();
    this.drawFindings();
    const open = this.editing;
    if (open) return this.drawEditor(open);
    this.editor = this.saver = this.warnings = null;
    if (reading.report?.signature) return this.drawSigned(reading.report);
    this.drawWaiting();
  }

  private drawFindings(): void {
    const { reading, study } = this;
    const verdictOf = (name: string): Said => {
      const said = this.verdicts.get(name);
      return said ? (said.present ? "present" : "absent") : null;
    };
    if (reading.ai.analysis) study.sights.show("findings");
    study.sheet.findings.replaceChildren(...findingsPanel(reading, { concepts: me().findings, mode: may("edit_draft") ? modeButton(reading.reading) : null, compared: differencesPanel(reading.reading), editable: Boolean(this.editing), verdictOf, onVerdict: (finding, verdict) => this.judge(finding, verdict), onPoint: (finding, instance) => study.point(finding, instance) }));
    if (reading.priors.length) study.sheet.findings.append(h("p", { class: "quiet-line" }, t("study.earlier_studies"), reading.priors.flatMap((each, at) => [at ? ", " : "", priorName(each)])));
    for (const { archive, outcome } of reading.prior_search) {
      const key: string = `prior.${outcome}`;
      if (knows(key)) study.sheet.findings.append(h("p", { class: "quiet-line warn" }, t(key, { archive: visible(archive) })));
    }
  }

  // Before a second reader or an adjudicator committed: what they see, and nothing else.
  private drawOwn(): void {
    const { reading, study } = this;
    const { findings, report, foot } = study.sheet;
    this.editor = this.saver = this.warnings = null;
    const { withheld, asked } = reading.reading;
    const locked = study.lock.holder && !study.lock.mine && withheld === "until_commit" ? lockedBanner(study.lock.holder, () => study.takeOver()) : null;
    const onShown = (shown: Reading) => (study.show(shown), study.closed || study.film.focus());
    const form = new OwnFindings({ address: study.address, concepts: me().findings, asked, critical: reading.study.critical, adjudicates: withheld === "adjudication", onShown });
    this.own = locked ? null : form;
    findings.replaceChildren(...(locked ? [h("div", { class: "title" }, h("h2", {}, t("study.your_findings")))] : [form.element]));
    if (withheld === "until_commit") findings.querySelector(".title")?.append(modeButton(reading.reading));
    report.replaceChildren(h("div", { class: "title" }, h("h2", {}, t("study.report"))), ...present(locked, this.notice()), h("p", { class: "quiet-line" }, withheld === "adjudication" ? t("study.what_was_reported_of_this") : t("study.the_report_begins_after_your")));
    foot.replaceChildren(...(locked ? [h("span", { class: "saved" }, ""), this.nextButton()] : form.foot));
  }

  private notice(): HTMLElement | null {
    return this.study.told ? h("p", { class: "quiet-line warn", role: "status" }, this.study.told) : null;
  }

  private recovered(): HTMLElement | null {
    const { recovery } = this.reading;
    if (!recovery) return null;
    const drop = async () => (await dropUnsaved(this.study.address), (this.reading.recovery = null), this.study.sheet.find(".recovery")?.remove());
    const use = () => {
      const open = this.editing;
      if (!open) return;
      open.content.sections = recovery.content.sections;
      open.content.findings = recovery.content.findings;
      this.reading.recovery = null;
      this.show(this.reading);
      this.kept = true;
      this.saver?.changed();
    };
    return recoveryNotice(recovery, { onUse: this.editing ? use : null, onDrop: drop });
  }

  private saved(): void {
    if (this.kept) dropUnsaved(this.study.address).catch(() => {});
    this.kept = false;
  }

  private judge(finding: { name: string; laterality: string; display: string }, verdict: Said): void {
    const { findings } = this.study.sheet;
    if (verdict === null) this.verdicts.delete(finding.name);
    else this.verdicts.set(finding.name, { name: finding.name, present: verdict === "present", laterality: verdict === "present" ? finding.laterality : "" });
    const open = findings.querySelector("details")?.open;
    this.drawFindings();
    const below = findings.querySelector("details");
    if (open && below) below.open = true;
    findings.querySelector<HTMLElement>(`[data-finding="${finding.name}"] [aria-pressed="${verdict !== null}"]`)?.focus();
    this.saver?.changed();
    this.warnings?.changed();
    const offer = this.study.sheet.find("#offer");
    if (this.editor && offer) showOffer(offer, this.editor, this.reading.draft?.sentences ?? [], finding, verdict);
  }

  private drawEditor(report: Report): void {
    const { reading, study } = this;
    const { draft } = reading;
    const say = (text: string, warn: boolean) => study.sheet.saySaved(text, warn);
    const saver = new Saver(study.studyKey, report, () => ({ ...this.content(editor), accepted: editor.acceptedIds }), { say, onConflict: () => this.settleConflict(), onLocked: () => study.lock.lose(), onSaved: () => this.saved() });
    const evidence = h("div", { class: "evidence", id: "evidence", "aria-live": "polite" });
    const warnings = new Warnings(study.address, () => this.content(editor), (each) => editor.select(each));
    const editor = new Editor(reading, me().sections, evidence, { onChange: () => (saver.changed(), warnings.changed()), onPoint: (sentence) => this.pointAt(sentence), macros: study.around.macros });
    [this.editor, this.saver, this.warnings] = [editor, saver, warnings];
    if (draft) study.sights.show("draft");
    const others = report.author_id !== me().actor_id ? h("p", { class: "quiet-line" }, t("study.wrote_in_this_version_before", { author_id: report.author_id })) : null;
    const tools = h("span", { class: "report-tools" }, draft && h("button", { class: "quiet", onclick: () => editor.showChanges() }, t("study.changes")), h("button", { class: "quiet", onclick: () => study.around.editMacros().then(() => this.editor?.focus()) }, t("study.macros")), canDictate(me().dictation) && dictateButton((text) => editor.insert(text), (problem) => say(problem, true)), this.sources());
    study.sheet.report.replaceChildren(
      h("div", { class: "title" }, h("h2", {}, report.amendment_reason ? t("study.amendment") : t("study.report")), h("span", { class: "muted" }, t("study.version_unsigned", { version: report.version })), draft && h("span", { class: "legend" }, h("span", {}, t("study.dotted")), t("study.the_ais_words")), tools),
      ...present(lateBanner(reading, null), this.notice(), this.recovered(), others, draft?.notice && report.version === 1 && h("p", { class: "quiet-line" }, visible(draft.notice)), editor.element, warnings.element, versionList(reading.versions, report.version, (version) => this.look(version))));
    editor.grow();
    warnings.changed();
    study.sheet.foot.replaceChildren(evidence, h("div", { id: "offer" }), h("span", { class: "saved", id: "saved", role: "status" }, t("study.saves_by_itself")), draft && report.version === 1 ? h("button", { class: "quiet", onclick: () => this.reject() }, t("study.discard_ai_draft")) : "", h("button", { class: "primary", onclick: () => this.sign() }, t("study.sign"), h("kbd", {}, "Ctrl Enter")));
  }

  private sources(): HTMLElement {
    return h("a", { class: "sources", href: `${this.study.address}/provenance.svg`, target: "_blank", rel: "noopener" }, t("study.sources"), h("kbd", {}, "p"));
  }

  // A sentence that rests on a finding shows where that is seen.
  private pointAt(sentence: Sentence | null): void {
    const { analysis } = this.reading.ai;
    const finding: Finding | undefined = analysis?.findings.find((each) => sentence?.evidence.some((item) => item.finding === each.name));
    if (analysis && finding) this.study.point(finding, analysis.instance_key);
    else if (sentence) this.study.film.point(null);
  }

  private drawSigned(newest: Report): void {
    const { reading } = this;
    const { sheet } = this.study;
    const report = reading.versions.find((each) => each.version === this.versionShown) ?? newest;
    sheet.report.replaceChildren(
      h("div", { class: "title" }, h("h2", {}, t("study.report")), h("span", { class: "muted" }, t("study.version", { version: report.version, status: report.status })), this.sources()),
      ...present(lateBanner(reading, { keep: () => this.keepReport(), amend: () => this.amend() }), this.notice(), this.recovered()), document_(report), ...(report.signature ? [signatureBlock(report, report.signature), ...addendumBlocks(report), h("h3", { class: "visually-hidden" }, t("study.deliveries")), deliveryList(reading.deliveries, report.version)] : []),
      ...present(versionList(reading.versions, report.version, (version) => this.look(version))));
    const preliminary = newest.status === "preliminary";
    sheet.foot.replaceChildren(h("span", { class: "saved" }, preliminary ? t("study.preliminary_a_radiologist_must_sign") : t("study.signed_nothing_in_it_can")),
      preliminary && may("sign") ? h("button", { onclick: () => this.start() }, t("study.review_and_sign")) : !preliminary && may("sign") ? h("span", { class: "later" }, h("button", { onclick: () => this.add(newest) }, t("addendum.add")), h("button", { onclick: () => this.amend() }, t("study.amend"))) : "", h("button", { class: "quiet", onclick: () => print() }, t("study.print")), this.nextButton());
  }

  // The new images change nothing: the report stands.
  private async keepReport(): Promise<void> {
    try {
      await send("POST", `${this.study.address}/keep-report`);
      await this.study.load();
    } catch (thrown) {
      this.study.told = problemOf(thrown).message;
      this.study.show(this.reading);
    }
  }

  refreshDeliveries(): void {
    const report = this.study.reading?.report;
    if (report?.signature && !this.versionShown) this.drawSigned(report);
  }

  private drawWaiting(): void {
    const { sheet, lock } = this.study;
    const { state } = this.reading.study;
    const open = this.report;
    const held = lock.holder && !lock.mine ? lock.holder : null;
    if (open && held && may("edit_draft")) return this.drawReadAlong(open, lockedBanner(held, () => this.study.takeOver()));
    const startable = may("edit_draft") && READABLE.includes(state);
    const says = startable ? t("study.no_draft_yet_you_can") : READABLE.includes(state) ? t("study.there_is_no_report_yet") : t("study.this_study_is_there_is", { state: words(state) });
    sheet.report.replaceChildren(h("div", { class: "title" }, h("h2", {}, t("study.report"))), h("p", { class: "quiet-line" }, says), ...present(open && document_(open)));
    sheet.foot.replaceChildren(h("span", { class: "saved" }, ""), startable ? h("button", { class: "primary", onclick: () => this.start() }, t("study.start_reading_without_ai")) : "", this.nextButton());
  }

  private drawReadAlong(open: Report, banner: HTMLElement): void {
    const { sheet, sights } = this.study;
    if (this.reading.draft) sights.show("draft");
    sheet.report.replaceChildren(h("div", { class: "title" }, h("h2", {}, t("study.report")), h("span", { class: "muted" }, t("study.version_unsigned", { version: open.version }))), ...present(banner, this.notice(), this.recovered()), document_(open));
    sheet.foot.replaceChildren(h("span", { class: "saved" }, t("study.read_only")), this.nextButton());
  }

  // The version on the screen, with the words as they stand.
  get onPaper(): { reading: Reading; report: Report } | null {
    const { reading } = this.study;
    const report = reading?.versions.find((each) => each.version === this.versionShown) ?? reading?.report;
    const open = this.editing;
    return reading && report ? { reading, report: open && this.editor && report.version === open.version ? { ...open, content: this.content(this.editor) } : report } : null;
  }

  private nextButton(): HTMLElement {
    return h("button", { class: "primary", onclick: () => this.study.around.next() }, t("study.next_study"), h("kbd", {}, "n"));
  }

  private look(version: number): unknown {
    this.study.overtake();
    this.versionShown = version;
    const open = this.editing;
    if (open && version !== open.version) return this.saver?.flush().finally(() => this.drawSignedOld(open));
    return open || !this.reading.report ? this.show(this.reading) : this.drawSigned(this.reading.report);
  }

  private drawSignedOld(open: Report): void {
    this.drawSigned(open);
    this.study.sheet.foot.replaceChildren(h("span", { class: "saved" }, t("study.you_are_looking_at_version", { versionShown: this.versionShown ?? "" })), h("button", { class: "primary", onclick: () => this.study.load() }, t("study.back_to_the_open_version")));
  }

  private async settleConflict(): Promise<void> {
    const { editor, verdicts, study } = this;
    if (!editor) return;
    const { sections } = editor;
    const choice = await askAboutConflict(sections.map((each) => `${each.section}: ${each.text}`).join("\n\n"));
    this.saver?.stop();
    await study.load();
    const open = this.editing;
    if (choice !== "mine" || !open || study.closed) return;
    open.content.sections = sections;
    this.show(this.reading);
    this.verdicts = verdicts;
    this.drawFindings();
    this.saver?.changed();
  }

  private async start(): Promise<void> {
    this.study.show(await this.study.openForWriting(this.reading));
    this.editor?.focus();
  }

  async sign(): Promise<void> {
    if (this.own) return this.own.commit();
    const { study, saver, editor, editing: report } = this;
    if (!report || !saver || !editor) return;
    const { accepted, standing } = editor.progress;
    const stored = Promise.all([saver.flush(), study.film.flushMarks()]).then(() => saver.etag);
    const done = await askToSign(study.studyKey, { session: me(), report, stored, summary: editor.text("impression"), warnings: this.warnings?.now() ?? Promise.resolve(null), accepted: accepted ? t("study.you_accepted_of_the_ais", { accepted, standing }) : "" });
    if (!done) return;
    saver.stop();
    study.lock.release();
    study.told = "";
    this.versionShown = null;
    await study.load();
    study.sheet.foot.querySelector<HTMLElement>("button.primary")?.focus();
  }

  private async add(report: Report): Promise<void> {
    if (await askToAdd(this.study.studyKey, { session: me(), report })) await this.study.load();
  }

  private async amend(): Promise<void> {
    if (await askToAmend(this.study.studyKey)) await this.study.load();
  }

  private async reject(): Promise<void> {
    const { saver, study } = this;
    if (!saver) return;
    await saver.flush().catch(() => {});
    const blank = await askToReject(study.studyKey, { etag: saver.etag, reasons: me().reject_reasons });
    if (blank) (await study.load(), this.editor?.focus());
  }

  private step(by: number): void {
    if (this.own) return this.own.step(by);
    const buttons = [...this.study.sheet.findings.querySelectorAll<HTMLElement>(".finding .name")].filter((each) => each.checkVisibility());
    const at = buttons.findIndex((each) => each === document.activeElement);
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
  }

  get bindings(): Binding[] {
    const { study } = this;
    return [
      { keys: ["j", "ArrowDown"], says: t("study.next_finding"), run: () => this.step(1) },
      { keys: ["k", "ArrowUp"], says: t("study.previous_finding"), run: () => this.step(-1) },
      { keys: ["e"], says: t("study.write_in_the_report_or"), run: () => (this.own ?? this.editor)?.focus() },
      { keys: ["E"], says: t("study.next_of_the_ais_sentences"), run: () => this.editor?.step(1) },
      { keys: ["T"], says: t("study.write_or_take_out_the"), run: () => study.sheet.find("#offer button")?.click() },
      { keys: ["Escape"], says: t("study.leave_the_text"), whileTyping: true, run: () => study.film.focus() },
      { keys: ["Ctrl+s"], says: t("study.save_now"), whileTyping: true, run: () => this.saver?.flush().catch(() => {}) },
      { keys: ["Ctrl+Enter"], says: t("study.sign_or_commit_your_findings"), whileTyping: true, run: () => this.sign() },
      { keys: ["p"], says: t("study.where_every_sentence_comes_from"), run: () => window.open(`${study.address}/provenance.svg`, "_blank", "noopener") },
    ];
  }
}
