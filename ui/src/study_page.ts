// A page that reads one study after the other without being loaded anew: which study is on the screen, how it is left, and what is fetched for the next.
import type { HangingProtocols } from "./answers/hanging.ts";
import type { Macro, Reader } from "./answers/reading.ts";
import { get } from "./api.ts";
import { together } from "./completion.ts";
import { byId, dialog, h } from "./dom.ts";
import { Ahead } from "./film/ahead.ts";
import type { Binding } from "./keys.ts";
import { editMacros } from "./macros.ts";
import { OpenStudy, type Surroundings } from "./open_study.ts";
import { printsSheet } from "./print.ts";
import { may, runBeforeLock, runOnExpiry } from "./session.ts";
import { t } from "./catalogue.ts";

const PREPARE_AFTER_MS = 700;

export const studyKeyOf = (path: string): string | null => /^\/studies\/([a-z2-7]{24})$/.exec(path)?.[1] ?? null;

// `turned`: another study is on the screen, or none. `leave`: to a page that is none of ours. `list`: the worklist is behind the study, and comes back when there is none.
type Host = { turned: (studyKey: string | null) => void; leave: (path: string) => unknown; list: boolean };

export class StudyPage {
  study: OpenStudy | null = null;
  readonly ahead = new Ahead();
  private hanging: HangingProtocols | null = null;
  private macros: Macro[] = [];
  private going = false;
  private preparing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly place: HTMLElement,
    private readonly host: Host,
  ) {}

  // Once somebody is signed in.
  start(): void {
    get<HangingProtocols>("/api/hanging-protocols", { background: true }).then((hanging) => this.study?.film.setHanging((this.hanging = hanging)), () => {});
    if (may("edit_draft")) get<Reader>("/api/reader").then((reader) => this.take(reader), () => {});
    runBeforeLock(() => this.study?.settle());
    runOnExpiry(() => this.study?.keepOnExpiry());
    printsSheet(() => this.study?.words.onPaper ?? null);
    addEventListener("popstate", () => this.turnBack());
    addEventListener("click", (event) => this.follow(event), { capture: true });
  }

  // Puts a study where the one before was: in one step, so that no frame shows anything of both. Its film is on its way from here on.
  put(studyKey: string): OpenStudy {
    const gone = new AbortController();
    const film = this.ahead.fetch(studyKey, gone.signal);
    this.clear();
    const around: Surroundings = { next: () => this.next(), announce: (text) => void (byId("announce").textContent = text), macros: () => this.macros, editMacros: () => this.editMacros() };
    const study = new OpenStudy(studyKey, around, film, gone);
    if (this.hanging) study.film.setHanging(this.hanging);
    this.place.replaceChildren(study.sheet.element);
    this.study = study;
    return study;
  }

  clear(): void {
    clearTimeout(this.preparing);
    byId("announce").textContent = "";
    this.study?.close();
    this.place.replaceChildren();
    this.study = null;
  }

  // Reads what was put there; resolves when it is shown, or when it is said why it cannot be.
  async begin(study: OpenStudy): Promise<void> {
    study.film.focus();
    this.host.turned(study.studyKey);
    if (!(await study.begin())) return;
    study.film.focus();
    this.preparing = setTimeout(() => this.prepare(), PREPARE_AFTER_MS);
  }

  // To another study, unless that would lose words. A study that is chosen while another is on its way waits for nothing: it is the last that counts.
  async go(studyKey: string, push = true): Promise<boolean> {
    if (!(await this.mayLeave())) return false;
    const study = this.put(studyKey);
    if (push) history.pushState(null, "", `/studies/${studyKey}`);
    void this.begin(study).then(() => study.closed || study.around.announce(`${study.sheet.patient.textContent}, ${study.sheet.facts.textContent}`));
    return true;
  }

  async next(): Promise<void> {
    const { study } = this;
    if (!study || this.going) return;
    const asked = get<{ study_key: string | null }>(`/api/worklist/next?after=${study.studyKey}`);
    if (!(await this.mayLeave())) return void asked.catch(() => {});
    const { study_key: key } = await asked;
    if (study !== this.study) return;
    await this.leave(key ? `/studies/${key}` : "/");
  }

  async leave(path: string): Promise<void> {
    const key = studyKeyOf(path);
    if (key) await this.go(key);
    else if (path === "/" && this.host.list) await this.home();
    else if (await this.mayLeave()) this.host.leave(path);
  }

  // Back to the list that this page holds.
  private async home(push = true): Promise<boolean> {
    if (!(await this.mayLeave())) return false;
    this.clear();
    if (push) history.pushState(null, "", "/");
    this.host.turned(null);
    return true;
  }

  // Somebody else acted, or the list moved.
  async refresh(): Promise<void> {
    if (this.study) await Promise.all([this.study.refreshStatus(), this.prepare()]);
  }

  private async prepare(): Promise<void> {
    const { study } = this;
    if (study?.reading) await this.ahead.prepareNext(study.studyKey, () => study === this.study).catch(() => {});
  }

  // One leaves at a time.
  private async mayLeave(): Promise<boolean> {
    if (this.going) return false;
    this.going = true;
    try {
      const stored = !this.study || (await this.study.settle());
      if (document.querySelector("dialog[open]")) return false; // what was typed met somebody else's words: that comes first
      return stored || (await askToLose()) === true;
    } finally {
      this.going = false;
    }
  }

  // The browser's own back and forward. Where words would be lost, the address is put back.
  private async turnBack(): Promise<void> {
    const key = studyKeyOf(location.pathname);
    const here = this.study?.studyKey ?? null;
    if (key === here || (key === null && !this.host.list)) return;
    for (const each of document.querySelectorAll("dialog[open]")) each.dispatchEvent(new Event("cancel"));
    const gone = !document.querySelector("dialog[open]") && (await (key ? this.go(key, false) : this.home(false)));
    if (!gone) history.pushState(null, "", here ? `/studies/${here}` : "/");
  }

  // Links to a study, and to a list that is here, open it here; with Ctrl, Shift or the middle button they are the browser's.
  private follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(this.study && this.host.list ? "a[href^='/studies/'], a[href='/']" : "a[href^='/studies/']") : null;
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    void this.leave(link.pathname);
  }

  private take(reader: Reader): void {
    this.macros = together(reader.macros, reader.site_macros);
    this.study?.words.editor?.hintAgain();
  }

  private async editMacros(): Promise<void> {
    const kept = await editMacros();
    if (kept) this.take(kept);
  }

  get bindings(): Binding[] {
    return [...(this.study?.bindings ?? []), { keys: ["n"], says: t("page.next_study"), run: () => this.next() }, { keys: ["u"], says: t("page.back_to_the_worklist"), run: () => this.leave("/") }];
  }
}

function askToLose(): Promise<boolean | null> {
  return dialog<boolean>(t("page.not_saved"), (close) => h("div", { class: "stack" }, h("p", {}, t("page.the_server_did_not_take")),
    h("div", { class: "actions" }, h("button", { class: "quiet", onclick: () => close(true) }, t("page.leave_without_it")), h("button", { class: "primary", autofocus: true, onclick: () => close(false) }, t("page.stay_here")))));
}
