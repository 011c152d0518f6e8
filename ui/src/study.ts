// The reading page: film, findings, report, signature.
import type { HangingProtocols } from "./answers/hanging.ts";
import type { Macro, Reader } from "./answers/reading.ts";
import type { Finding, HeatMaps, Reading, Report, Sentence, StudyStatus, Verdict } from "./answers/study.ts";
import { get, problemOf, send } from "./api.ts";
import { askAboutConflict, askToAmend, askToReject, askToSign } from "./acts.ts";
import { t } from "./catalogue.ts";
import { together } from "./completion.ts";
import { canDictate, dictateButton } from "./dictation.ts";
import { byId, h } from "./dom.ts";
import { Editor } from "./editor.ts";
import { prepareNext } from "./film/pixels.ts";
import { FilmViewer } from "./film/viewer.ts";
import { findingsPanel, type Said } from "./findings.ts";
import { date, visible, words } from "./format.ts";
import { type Binding, listen, sheet } from "./keys.ts";
import { follow } from "./live.ts";
import { lockedBanner, StudyLock } from "./lock.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { askToAdd } from "./addendum.ts";
import { editMacros } from "./macros.ts";
import { modeButton } from "./modes.ts";
import { OwnFindings } from "./own_findings.ts";
import { dropUnsaved, keepUnsaved, recoveryNotice } from "./recovery.ts";
import { printsSheet } from "./print.ts";
import { Saver, saySaved } from "./saver.ts";
import { differencesPanel } from "./second_read.ts";
import { Sights, watchFilm } from "./seen.ts";
import { patientBar } from "./patient_bar.ts";
import { showOffer } from "./offer.ts";
import { begin, may, me, runBeforeLock, runOnExpiry } from "./session.ts";
import { addendumBlocks, deliveryList, document_, signatureBlock, versionList } from "./signed.ts";
import { CriticalStrip } from "./strip.ts";
import { Warnings } from "./warnings.ts";

const studyKey = location.pathname.split("/").at(-1) ?? "";
const address = `/api/studies/${studyKey}`;
const PREPARE_AFTER_MS = 1500;
const MACHINE_DONE = ["drafted", "in_reading"];
const READABLE = ["admitted", "analysed", "ai_unavailable", "triaged", ...MACHINE_DONE];
let reading: Reading;
let [editor, saver, warnings]: [Editor | null, Saver | null, Warnings | null] = [null, null, null];
let verdicts = new Map<string, Verdict>();
let own: OwnFindings | null = null;
let versionShown: number | null = null;
let newest = 0;
let told = ""; // what the page has to say of how this study came or went
const sights = new Sights(address, () => may("edit_draft") && !reading.reading.withheld);
let lock: StudyLock;

const present = <T extends Node>(...given: (T | null | undefined | false | "")[]): T[] => given.filter((each) => each instanceof Node);
const sources = () => h("a", { class: "sources", href: `${address}/provenance.svg`, target: "_blank", rel: "noopener" }, "Sources ", h("kbd", {}, "p"));
const openReport = (): Report | null => (reading.report && !reading.report.signature ? reading.report : null);
const editing = (): Report | null => (may("edit_draft") && lock.mine ? openReport() : null);
const mustCommit = () => reading.reading.withheld === "until_commit" || reading.reading.withheld === "adjudication";
const wantsToWrite = (each: Reading) => may("edit_draft") && each.reading.withheld !== "adjudication" && (MACHINE_DONE.includes(each.study.state) || (each.reading.withheld === "until_commit" && READABLE.includes(each.study.state)) || Boolean(each.report && !each.report.signature));

async function load(): Promise<void> {
  const mine = ++newest;
  let fresh = await get<Reading>(address);
  if (wantsToWrite(fresh)) fresh = await openForWriting(fresh);
  if (mine !== newest) return; // somebody acted while this was under way: what is on the screen is theirs
  await load_(fresh);
}

async function load_(fresh: Reading): Promise<void> {
  reading = fresh;
  patientBar(reading);
  words_();
  film.kept.take(studyKey, reading.instances.map((each) => each.instance_key), reading.marks, may("edit_draft") ? (films) => send("PUT", `${address}/marks`, { body: { films } }) : null);
  if (film.instances?.length !== reading.instances.filter((each) => each.has_pixel_data).length) film.offer(reading.instances, reading.ai.analysis?.instance_key, reading.priors, called());
  else film.layMarks();
  if (reading.ai.analysis?.has_heat_maps) get<HeatMaps>(`${address}/heatmap`, { background: true }).then((heat) => film.setHeat(heat), () => {});
}

const called = () => (reading.ai.analysis?.findings ?? []).filter((each) => each.called).map((each) => each.name);

async function openForWriting(fresh: Reading): Promise<Reading> {
  const { fromOwnScreen } = await lock.take();
  if (fromOwnScreen) told = "You had this study open in another tab: that one can only read now.";
  return lock.mine ? send<Reading>("POST", `${address}/open`) : fresh;
}

async function takeOver(): Promise<void> {
  if (!(await lock.takeOver())) return;
  told = "";
  await load();
}

// Somebody took the study: their words stand from now on, ours are kept.
async function lost(): Promise<void> {
  const [report, saving, writing] = [openReport(), saver, editor];
  const unsaved = Boolean(saving?.unsaved);
  saving?.stop();
  const who = lock.holder;
  told = `${who && who.holder_id !== me().actor_id ? `${who.holder_name} took this study over.` : "You opened this study on another screen."} This page can only read now.`;
  if (unsaved && report && writing) await keepUnsaved(address, report.version, contentNow(writing)).catch(() => (told += " What you had not saved could not be kept: copy it from here."));
  byId("announce").textContent = told;
  await load_(await get<Reading>(address));
}

const contentNow = (from: Editor) => ({ sections: from.sections, findings: [...verdicts.values()].map(({ name, present, laterality }) => ({ name, present, laterality })) });

function words_(): void {
  saver?.stop();
  film.point(null);
  own = null;
  verdicts = new Map((reading.report?.content.findings ?? []).map((each) => [each.name, each]));
  if (mustCommit()) return drawOwn();
  drawFindings();
  const open = editing();
  if (open) return drawEditor(open);
  editor = saver = null;
  if (reading.report?.signature) return drawSigned(reading.report);
  drawWaiting();
}

function drawFindings() {
  const verdictOf = (name: string): Said => {
    const said = verdicts.get(name);
    return said ? (said.present ? "present" : "absent") : null;
  };
  const { analysis } = reading.ai;
  if (analysis) sights.show("findings");
  byId("findings").replaceChildren(...findingsPanel(reading, { concepts: me().findings, mode: may("edit_draft") ? modeButton(reading.reading) : null, compared: differencesPanel(reading.reading), editable: Boolean(editing()), verdictOf, onVerdict: judge, onPoint: point }));
  if (reading.priors.length) byId("findings").append(h("p", { class: "quiet-line" }, "Earlier studies: ", reading.priors.flatMap((each, at) => [at ? ", " : "", h("a", { href: `/studies/${each.study_key}` }, date(each.study_date) || "undated")])));
}

function point(finding: Finding, instance: string): void {
  film.point(finding, instance);
  byId("film").dataset.finding = finding.name;
}

// Before a second reader or an adjudicator committed: what they see, and nothing else.
function drawOwn(): void {
  editor = saver = null;
  const { withheld, asked } = reading.reading;
  const locked = lock.holder && !lock.mine && withheld === "until_commit" ? lockedBanner(lock.holder, takeOver) : null;
  const form = new OwnFindings({ address, concepts: me().findings, asked, critical: reading.study.critical, adjudicates: withheld === "adjudication", onShown: (shown) => load_(shown).then(() => film.focus()) });
  own = locked ? null : form;
  byId("findings").replaceChildren(...(locked ? [h("div", { class: "title" }, h("h2", {}, "Your findings"))] : [form.element]));
  if (withheld === "until_commit") byId("findings").querySelector(".title")?.append(modeButton(reading.reading));
  byId("report").replaceChildren(h("div", { class: "title" }, h("h2", {}, "Report")), ...present(locked, notice()), h("p", { class: "quiet-line" }, withheld === "adjudication" ? "What was reported of this study is shown after your answers." : "The report begins after your commit."));
  byId("foot").replaceChildren(...(locked ? [h("span", { class: "saved" }, ""), nextButton()] : form.foot));
}

const notice = () => (told ? h("p", { class: "quiet-line warn", role: "status" }, told) : null);

function recovered(): HTMLElement | null {
  const { recovery } = reading;
  if (!recovery) return null;
  const drop = async () => (await dropUnsaved(address), (reading.recovery = null), document.querySelector(".recovery")?.remove());
  const use = () => {
    const open = editing();
    if (!open) return;
    open.content.sections = recovery.content.sections;
    open.content.findings = recovery.content.findings;
    reading.recovery = null;
    words_();
    dropOnSave = true;
    saver?.changed();
  };
  return recoveryNotice(recovery, { onUse: editing() ? use : null, onDrop: drop });
}

let dropOnSave = false; // kept words are in the report again: they are dropped once they are stored there
function saved(): void {
  if (dropOnSave) dropUnsaved(address).catch(() => {});
  dropOnSave = false;
}

// The session ended while something was typed: it is handed in at once, for whoever of the two comes back to it.
async function keepOnExpiry(): Promise<void> {
  const open = editing();
  if (!open || !editor || !saver?.unsaved) return;
  await keepUnsaved(address, open.version, contentNow(editor));
  dropOnSave = true;
}

function judge(finding: { name: string; laterality: string; display: string }, verdict: Said): void {
  if (verdict === null) verdicts.delete(finding.name);
  else verdicts.set(finding.name, { name: finding.name, present: verdict === "present", laterality: verdict === "present" ? finding.laterality : "" });
  const open = byId("findings").querySelector("details")?.open;
  drawFindings();
  const below = byId("findings").querySelector("details");
  if (open && below) below.open = true;
  byId("findings").querySelector<HTMLElement>(`[data-finding="${finding.name}"] [aria-pressed="${verdict !== null}"]`)?.focus();
  saver?.changed();
  warnings?.changed();
  if (editor) showOffer(byId("offer"), editor, reading.draft?.sentences ?? [], finding, verdict);
}

function drawEditor(report: Report): void {
  const { draft } = reading;
  const saving = new Saver(studyKey, report, () => ({ ...contentNow(editing_), accepted: editing_.acceptedIds }), { say: saySaved, onConflict: settle, onLocked: () => lock.lose(), onSaved: saved });
  const evidence = h("div", { class: "evidence", id: "evidence", "aria-live": "polite" });
  warnings?.stop();
  const warning = new Warnings(address, () => contentNow(editing_), (each) => editing_.select(each));
  const editing_ = new Editor(reading, me().sections, evidence, { onChange: () => (saving.changed(), warning.changed()), onPoint: pointAtSentence, macros: () => macros });
  [editor, saver, warnings] = [editing_, saving, warning];
  if (draft) sights.show("draft");
  const others = report.author_id !== me().actor_id ? h("p", { class: "quiet-line" }, `${report.author_id} wrote in this version before you.`) : null;
  byId("report").replaceChildren(
    h("div", { class: "title" }, h("h2", {}, report.amendment_reason ? "Amendment" : "Report"), h("span", { class: "muted" }, `version ${report.version}, unsigned`), draft && h("span", { class: "legend" }, h("span", {}, "dotted"), ": the AI's words"), h("span", { class: "report-tools" }, draft && h("button", { class: "quiet", onclick: () => editing_.showChanges() }, "Changes"), h("button", { class: "quiet", onclick: chooseMacros }, "Macros"), canDictate(me().dictation) && dictateButton((text) => editing_.insert(text), (problem) => saySaved(problem, true)), sources())),
    ...present(notice(), recovered(), others, draft?.notice && report.version === 1 && h("p", { class: "quiet-line" }, visible(draft.notice)), editing_.element, warning.element, versionList(reading.versions, report.version, look)));
  editing_.grow();
  warning.changed();
  byId("foot").replaceChildren(evidence, h("div", { id: "offer" }), h("span", { class: "saved", id: "saved", role: "status" }, "Saves by itself"), draft && report.version === 1 ? h("button", { class: "quiet", onclick: reject }, "Discard AI draft") : "", h("button", { class: "primary", onclick: sign }, "Sign ", h("kbd", {}, "Ctrl Enter")));
}

let macros: Macro[] = [];
const takeMacros = (reader: Reader) => (macros = together(reader.macros, reader.site_macros));
const chooseMacros = async () => {
  const kept = await editMacros();
  if (kept) takeMacros(kept);
  editor?.focus();
};

// A sentence that rests on a finding shows where that is seen.
function pointAtSentence(sentence: Sentence | null): void {
  const { analysis } = reading.ai;
  const finding = analysis?.findings.find((each) => sentence?.evidence.some((item) => item.finding === each.name));
  if (analysis && finding) point(finding, analysis.instance_key);
  else if (sentence) film.point(null);
}

function drawSigned(newest: Report): void {
  const report = reading.versions.find((each) => each.version === versionShown) ?? newest;
  byId("report").replaceChildren(
    h("div", { class: "title" }, h("h2", {}, "Report"), h("span", { class: "muted" }, `version ${report.version}, ${report.status}`), sources()),
    ...present(notice(), recovered()), document_(report), ...(report.signature ? [signatureBlock(report, report.signature), ...addendumBlocks(report), h("h3", { class: "visually-hidden" }, "Deliveries"), deliveryList(reading.deliveries, report.version)] : []),
    ...present(versionList(reading.versions, report.version, look)));
  const preliminary = newest.status === "preliminary";
  byId("foot").replaceChildren(h("span", { class: "saved" }, preliminary ? "Preliminary: a radiologist must sign it." : "Signed. Nothing in it can change."),
    preliminary && may("sign") ? h("button", { onclick: startReading }, "Review and sign") : !preliminary && may("sign") ? h("span", { class: "later" }, h("button", { onclick: () => add(newest) }, t("addendum.add")), h("button", { onclick: amend }, "Amend")) : "", h("button", { class: "quiet", onclick: () => print() }, "Print"), nextButton());
}

function drawWaiting(): void {
  const { study } = reading;
  const open = openReport();
  const held = lock.holder && !lock.mine ? lock.holder : null;
  if (open && held && may("edit_draft")) return drawReadAlong(open, lockedBanner(held, takeOver));
  const startable = may("edit_draft") && READABLE.includes(study.state);
  const says = startable ? "No draft yet. You can start reading now; the report then starts empty." : READABLE.includes(study.state) ? "There is no report yet, and your role reads only." : `This study is ${words(study.state)}: there is no report.`;
  byId("report").replaceChildren(h("div", { class: "title" }, h("h2", {}, "Report")), h("p", { class: "quiet-line" }, says), ...present(open && document_(open)));
  byId("foot").replaceChildren(h("span", { class: "saved" }, ""), startable ? h("button", { class: "primary", onclick: startReading }, "Start reading without AI") : "", nextButton());
}

function drawReadAlong(open: Report, banner: HTMLElement): void {
  if (reading.draft) sights.show("draft");
  byId("report").replaceChildren(h("div", { class: "title" }, h("h2", {}, "Report"), h("span", { class: "muted" }, `version ${open.version}, unsigned`)), ...present(banner, notice(), recovered()), document_(open));
  byId("foot").replaceChildren(h("span", { class: "saved" }, "Read only"), nextButton());
}

// The version on the screen, with the words as they stand.
function onPaper(): { reading: Reading; report: Report } | null {
  const report = reading.versions.find((each) => each.version === versionShown) ?? reading.report;
  const open = editing();
  return report && { reading, report: open && editor && report.version === open.version ? { ...open, content: contentNow(editor) } : report };
}

const nextButton = () => h("button", { class: "primary", onclick: next }, "Next study ", h("kbd", {}, "n"));

function look(version: number): unknown {
  newest += 1;
  versionShown = version;
  const open = editing();
  if (open && version !== open.version) return saver?.flush().finally(() => drawSignedOld(open));
  return open || !reading.report ? words_() : drawSigned(reading.report);
}

function drawSignedOld(open: Report): void {
  drawSigned(open);
  byId("foot").replaceChildren(h("span", { class: "saved" }, `You are looking at version ${versionShown}.`), h("button", { class: "primary", onclick: () => load() }, "Back to the open version"));
}

async function settle(): Promise<void> {
  if (!editor) return;
  const mine = { sections: editor.sections, text: editor.sections.map((each) => `${each.section}: ${each.text}`).join("\n\n") };
  const keptVerdicts = verdicts;
  const choice = await askAboutConflict(mine.text);
  saver?.stop();
  await load();
  const open = editing();
  if (choice !== "mine" || !open) return;
  open.content.sections = mine.sections;
  words_();
  verdicts = keptVerdicts;
  drawFindings();
  saver?.changed();
}

async function startReading(): Promise<void> {
  await load_(await openForWriting(reading));
  editor?.focus();
}

async function sign(): Promise<void> {
  if (own) return own.commit();
  const report = editing();
  if (!report || !saver || !editor) return;
  const [saving, { accepted, standing }] = [saver, editor.progress];
  const stored = Promise.all([saving.flush(), film.kept.flush()]).then(() => saving.etag);
  const done = await askToSign(studyKey, { session: me(), report, stored, summary: editor.text("impression"), warnings: warnings?.now() ?? Promise.resolve(null), accepted: accepted ? `You accepted ${accepted} of the AI's ${standing} sentences that stand unchanged one by one.` : "" });
  if (!done) return;
  saving.stop();
  lock.release();
  told = "";
  versionShown = null;
  await load();
  byId("foot").querySelector<HTMLElement>("button.primary")?.focus();
}

const add = (report: Report) => askToAdd(studyKey, { session: me(), report }).then((done) => done && load());
const amend = () => askToAmend(studyKey).then((opened) => opened && load());

async function reject(): Promise<void> {
  if (!saver) return;
  await saver.flush().catch(() => {});
  const blank = await askToReject(studyKey, { etag: saver.etag, reasons: me().reject_reasons });
  if (blank) (await load(), editor?.focus());
}

async function next(): Promise<void> {
  await Promise.all([saver?.flush(), film.kept.flush()]).catch(() => {});
  const { study_key } = await get<{ study_key: string | null }>(`/api/worklist/next?after=${studyKey}`);
  location.assign(study_key ? `/studies/${study_key}` : "/");
}

async function refreshStatus(): Promise<void> {
  const now = await get<StudyStatus>(`${address}/status`, { background: true });
  lock.heard(now.lock, now.now);
  if (editing()) return;
  const changed = now.lock?.screen !== reading.lock?.screen || now.withheld !== reading.reading.withheld || now.study.state !== reading.study.state || now.report?.version !== reading.report?.version || (!now.withheld && now.has_analysis !== Boolean(reading.ai.analysis));
  reading.deliveries = now.deliveries;
  if (changed && !own) return refreshReadOnly();
  if (reading.report?.signature && !versionShown) drawSigned(reading.report);
}

// Somebody else acted: show it, but take nothing from them by that.
async function refreshReadOnly(): Promise<void> {
  const fresh = await get<Reading>(address, { background: true });
  const free = !fresh.lock || fresh.lock.expires_at <= fresh.now;
  if (free && wantsToWrite(fresh) && !told) return load();
  await load_(fresh);
}

const leave = (path: string) => Promise.all([saver?.flush(), film.kept.flush()]).catch(() => {}).then(() => location.assign(path));

function step(by: number): void {
  if (own) return own.step(by);
  const buttons = [...byId("findings").querySelectorAll<HTMLElement>(".finding .name")].filter((each) => each.checkVisibility());
  const at = buttons.findIndex((each) => each === document.activeElement);
  buttons[(at + by + buttons.length) % buttons.length]?.focus();
}

const keysOfReading: Binding[] = [
  { keys: ["j", "ArrowDown"], says: "next finding", run: () => step(1) },
  { keys: ["k", "ArrowUp"], says: "previous finding", run: () => step(-1) },
  { keys: ["e"], says: "write in the report, or say your findings", run: () => (own ?? editor)?.focus() },
  { keys: ["a"], says: "next of the AI's sentences; while writing: Alt ↓ ↑ next, previous, Alt Enter accept, Alt Delete take out", run: () => editor?.step(1) },
  { keys: ["t"], says: "write, or take out, the sentence that is offered", run: () => byId("offer").querySelector("button")?.click() },
  { keys: ["Escape"], says: "leave the text", whileTyping: true, run: () => film.focus() },
  { keys: ["Ctrl+s"], says: "save now", whileTyping: true, run: () => saver?.flush().catch(() => {}) },
  { keys: ["Ctrl+Enter"], says: "sign, or commit your findings", whileTyping: true, run: () => sign() },
  { keys: ["p"], says: "where every sentence comes from, drawn", run: () => window.open(`${address}/provenance.svg`, "_blank", "noopener") },
  { keys: ["n"], says: "next study", run: () => next() },
  { keys: ["u"], says: "back to the worklist", run: () => leave("/") },
];

const film = new FilmViewer(byId("film"), studyKey);
await begin();
const strip = new CriticalStrip({ studyKey, leave });
const masthead = new Masthead(strip);
const bindings = [...keysOfReading, ...film.bindings, ...strip.bindings, ...roomBindings(leave)];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
film.insert = (text) => editor?.insert(text);
get<HangingProtocols>("/api/hanging-protocols", { background: true }).then((hanging) => film.setHanging(hanging), () => {});
runBeforeLock(() => (film.kept.flush(), saver?.flush()));
runOnExpiry(keepOnExpiry);
lock = new StudyLock(address, me().actor_id, lost);
watchFilm(byId("film"), sights);
printsSheet(() => onPaper());
if (may("edit_draft")) get<Reader>("/api/reader").then(takeMacros, () => {});
masthead.refresh().catch(() => {});
try {
  await load();
  film.focus();
  film.lead(() => byId("patient").textContent ?? ""); // once the page knows whose film it is
  setTimeout(() => prepareNext(studyKey).catch(() => {}), PREPARE_AFTER_MS);
  follow(() => Promise.all([refreshStatus(), masthead.refresh()]), (up) => masthead.say(up));
} catch (thrown) {
  byId("patient").textContent = "This study cannot be opened";
  byId("report").replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message), h("p", {}, h("a", { href: "/" }, "Back to the worklist")));
}
