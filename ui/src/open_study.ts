// One study on the screen, from opening to leaving: its sheet, film, lock, log of what was seen, and words. It is made for one study and closed with it; nothing of it outlives that.
import type { Macro } from "./answers/reading.ts";
import type { Finding, HeatMaps, Reading, StudyStatus } from "./answers/study.ts";
import { get, problemOf, send } from "./api.ts";
import { h } from "./dom.ts";
import type { Sent } from "./film/pixels.ts";
import { FilmViewer } from "./film/viewer.ts";
import { IdentityHolds } from "./identity_holds.ts";
import type { Binding } from "./keys.ts";
import { StudyLock } from "./lock.ts";
import { patientBar } from "./patient_bar.ts";
import { keepUnsaved } from "./recovery.ts";
import { Sights, watchFilm } from "./seen.ts";
import { may, me } from "./session.ts";
import { StudySheet } from "./study_sheet.ts";
import { StudyWords } from "./study_words.ts";
import { t } from "./catalogue.ts";

const FILM_FIRST_MS = 50; // a film that was fetched ahead is here by then; the server answers one question faster than two at once
const MACHINE_DONE = ["drafted", "in_reading"];
export const READABLE = ["admitted", "analysed", "ai_unavailable", "triaged", ...MACHINE_DONE];

// What a study needs of the page around it.
export type Surroundings = { next: () => unknown; announce: (text: string) => void; macros: () => Macro[]; editMacros: () => Promise<unknown> };

const wantsToWrite = ({ reading, report, study }: Reading): boolean =>
  may("edit_draft") && reading.withheld !== "adjudication" && (MACHINE_DONE.includes(study.state) || (reading.withheld === "until_commit" && READABLE.includes(study.state)) || Boolean(report && !report.signature));

export class OpenStudy {
  readonly address: string;
  readonly sheet: StudySheet;
  readonly film: FilmViewer;
  readonly lock: StudyLock;
  readonly sights: Sights;
  readonly words: StudyWords;
  private readonly identity: IdentityHolds;
  reading: Reading | null = null;
  told = ""; // what there is to say of how this study came or went
  closed = false;
  private newest = 0;
  private readonly watcher: MutationObserver;

  // `sent`: its film, asked for already. `gone` ends what is under way when the study is left.
  constructor(
    readonly studyKey: string,
    readonly around: Surroundings,
    private readonly sent: Promise<Sent>,
    private readonly gone: AbortController,
  ) {
    this.address = `/api/studies/${studyKey}`;
    this.sheet = new StudySheet(studyKey);
    this.film = new FilmViewer(this.sheet.film, studyKey, sent);
    this.sights = new Sights(this.address, () => may("edit_draft") && this.reading?.reading.withheld === "");
    this.watcher = watchFilm(this.sheet.film, this.sights);
    this.lock = new StudyLock(this.address, () => me().actor_id, () => this.lost());
    this.words = new StudyWords(this);
    this.identity = new IdentityHolds(this.address, this.sheet.identity);
    this.film.insert = (text) => this.words.editor?.insert(text);
    this.film.strongest = () => this.pointAtStrongest();
  }

  // Reads and shows it; says on its own sheet where it cannot be opened.
  async begin(): Promise<boolean> {
    try {
      await Promise.race([this.sent, new Promise((resolve) => setTimeout(resolve, FILM_FIRST_MS))]).catch(() => {});
      await this.load();
    } catch (thrown) {
      this.sheet.patient.textContent = t("open.this_study_cannot_be_opened");
      this.sheet.report.replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message), h("p", {}, h("a", { href: "/" }, t("open.back_to_the_worklist"))));
      return false;
    }
    if (this.closed) return false;
    this.film.lead(() => this.sheet.patient.textContent ?? ""); // once it is known whose film it is
    return true;
  }

  // Stores what was typed and drawn. False: it is stored nowhere, and leaving would lose it.
  async settle(): Promise<boolean> {
    await Promise.all([this.words.saver?.flush(), this.film.flushMarks()]).catch(() => {});
    return this.keep().then(() => !this.film.kept.unsaved, () => false);
  }

  // For good. Called when its sheet leaves the screen.
  close(): void {
    this.closed = true;
    this.gone.abort();
    this.newest = Number.NaN; // equal to nothing: whatever is under way comes too late
    this.words.close();
    this.sights.close();
    this.watcher.disconnect();
    this.film.close();
    this.lock.close();
  }

  async load(): Promise<void> {
    const mine = ++this.newest;
    let fresh = await get<Reading>(this.address);
    if (mine !== this.newest) return; // somebody acted while this was under way: what is on the screen is theirs
    if (!this.reading) {
      patientBar(fresh, this.sheet);
      this.identity.refresh().catch(() => {});
    }
    if (wantsToWrite(fresh)) fresh = await this.openForWriting(fresh);
    if (mine === this.newest) this.show(fresh);
  }

  show(fresh: Reading): void {
    if (this.closed) return;
    this.reading = fresh;
    const { film } = this;
    patientBar(fresh, this.sheet);
    this.words.show(fresh);
    const { analysis } = fresh.ai;
    const late = fresh.late_images?.open ? fresh.late_images : null;
    const newest = late ? late.film || late.instances.at(-1) : undefined; // what came after the signature is looked at first
    const called = (analysis?.findings ?? []).filter((each) => each.called).map((each) => each.name);
    film.kept.take(this.studyKey, fresh.instances.map((each) => each.instance_key), fresh.marks, may("edit_draft") ? (films) => send("PUT", `${this.address}/marks`, { body: { films } }) : null);
    if (film.instances?.length !== fresh.instances.filter((each) => each.has_pixel_data).length) film.offer(fresh.instances, newest ?? analysis?.instance_key, fresh.priors, called);
    else film.layMarks();
    if (analysis?.has_heat_maps) get<HeatMaps>(`${this.address}/heatmap`, { background: true }).then((heat) => film.setHeat(heat), () => {});
  }

  async openForWriting(fresh: Reading): Promise<Reading> {
    const { fromOwnScreen } = await this.lock.take();
    if (fromOwnScreen) this.told = t("open.you_had_this_study_open");
    return this.lock.mine ? send<Reading>("POST", `${this.address}/open`) : fresh;
  }

  async takeOver(): Promise<void> {
    if (!(await this.lock.takeOver())) return;
    this.told = "";
    await this.load();
  }

  // Somebody took the study: their words stand from now on, ours are kept.
  private async lost(): Promise<void> {
    this.words.saver?.stop();
    const who = this.lock.holder;
    this.told = who && who.holder_id !== me().actor_id ? t("open.taken_over", { name: who.holder_name }) : t("open.elsewhere");
    await this.keep().catch(() => (this.told += t("open.what_you_had_not_saved")));
    if (this.closed) return;
    this.around.announce(this.told);
    this.show(await get<Reading>(this.address));
  }

  // Hands in what was typed and could not be saved, as a recovery copy for its author.
  private async keep(): Promise<void> {
    const { editor, report, saver } = this.words;
    if (saver?.unsaved && editor && report) await keepUnsaved(this.address, report.version, this.words.content(editor));
  }

  // The session ended while something was typed: it is handed in at once, for whoever of the two comes back to it.
  async keepOnExpiry(): Promise<void> {
    if (!this.words.editing || !this.words.saver?.unsaved) return;
    await this.keep();
    this.words.kept = true;
  }

  // What is under way is older than what a person just did.
  overtake(): void {
    this.newest += 1;
  }

  // Of what the model called: what it calls nothing, it shows only when asked about.
  private pointAtStrongest(): void {
    const analysis = this.reading?.ai.analysis;
    const called = analysis?.findings.filter((each) => each.called).sort((one, other) => (other.probability ?? 0) - (one.probability ?? 0))[0];
    if (analysis && called) this.point(called, analysis.instance_key);
  }

  point(finding: Finding, instance: string): void {
    this.film.point(finding, instance);
    this.sheet.film.dataset.finding = finding.name;
  }

  async refreshStatus(): Promise<void> {
    if (!this.reading) return;
    const now = await get<StudyStatus>(`${this.address}/status`, { background: true });
    const { reading } = this;
    if (this.closed) return;
    this.identity.refresh().catch(() => {});
    this.lock.heard(now.lock, now.now);
    if (this.words.editing) return;
    const changed = now.lock?.screen !== reading.lock?.screen || now.withheld !== reading.reading.withheld || now.study.state !== reading.study.state || now.report?.version !== reading.report?.version || now.late_images !== (reading.late_images?.open ? reading.late_images.instances.length : 0) || (!now.withheld && now.has_analysis !== Boolean(reading.ai.analysis));
    const moved = JSON.stringify(now.deliveries) !== JSON.stringify(reading.deliveries);
    reading.deliveries = now.deliveries;
    if (changed && !this.words.own) return this.refreshReadOnly();
    if (moved) this.words.refreshDeliveries(); // not at every pulse: what is drawn anew loses the keyboard's place
  }

  // Somebody else acted: show it, but take nothing from them by that.
  private async refreshReadOnly(): Promise<void> {
    const fresh = await get<Reading>(this.address, { background: true });
    if (this.closed) return;
    const free = !fresh.lock || fresh.lock.expires_at <= fresh.now;
    if (free && wantsToWrite(fresh) && !this.told) return this.load();
    this.show(fresh);
  }

  get bindings(): Binding[] {
    return [...this.words.bindings, ...this.film.bindings];
  }
}
