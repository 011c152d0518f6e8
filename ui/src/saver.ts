// Saves by itself, says so, and never lets go of a word: what fails is tried again, what conflicts is shown to the person.
import type { Report, ReportContent } from "./answers/study.ts";
import { problemOf, send } from "./api.ts";
import { clock } from "./format.ts";
import { t } from "./catalogue.ts";

const QUIET_MS = 1200;
const RETRY_MS = 4000;

type Told = { say: (text: string, warn: boolean) => void; onConflict: () => unknown; onLocked: () => unknown; onSaved: () => unknown };

export class Saver {
  etag: number;
  private readonly told: Told;
  private dirty = false;
  private readonly ended = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;

  constructor(
    private readonly studyKey: string,
    report: Report,
    private readonly content: () => ReportContent & { accepted: string[] },
    told: Told,
  ) {
    this.etag = report.etag;
    this.told = told;
    addEventListener("beforeunload", (event) => this.dirty && event.preventDefault(), { signal: this.ended.signal });
  }

  // Is there anything that the server has not stored?
  get unsaved(): boolean {
    return this.dirty || this.running !== null;
  }

  private say(text: string, warn: boolean): void {
    this.told.say(text, warn);
  }

  changed(): void {
    this.dirty = true;
    this.say(t("saver.not_saved_yet"), false);
    this.later(QUIET_MS);
  }

  private later(pause_ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush().catch(() => {}), pause_ms);
  }

  stop(): void {
    this.ended.abort();
    clearTimeout(this.timer);
  }

  // Resolves once everything typed so far is stored; throws when it cannot be.
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    while (this.running) await this.running.catch(() => {});
    if (!this.dirty || this.ended.signal.aborted) return;
    this.running = this.put();
    try {
      await this.running;
    } finally {
      this.running = null;
    }
    if (this.dirty) await this.flush();
  }

  private async put(): Promise<void> {
    this.dirty = false;
    this.say(t("saver.saving"), false);
    try {
      const saved = await send<Report>("PUT", `/api/studies/${this.studyKey}/report`, { body: this.content(), etag: this.etag });
      this.etag = saved.etag;
      this.say(t("saver.saved", { Date: clock(new Date()) }), false);
      this.told.onSaved();
    } catch (thrown) {
      const problem = problemOf(thrown);
      this.dirty = true;
      if (problem.status === 412) this.told.onConflict();
      else if (problem.code === "study_locked") this.told.onLocked();
      else {
        this.say(t("saver.not_saved_trying_again", { message: problem.message }), true);
        this.later(RETRY_MS);
      }
      throw problem;
    }
  }
}
