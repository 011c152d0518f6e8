// Saves by itself, says so, and never lets go of a word: what fails is tried again, what conflicts is shown to the person.
import { send } from "./api.js";
import { clock } from "./format.js";

const QUIET_MS = 1200;
const RETRY_MS = 4000;

export class Saver {
  constructor(studyKey, report, content, { say, onConflict }) {
    Object.assign(this, { studyKey, etag: report.etag, content, say, onConflict });
    this.dirty = false;
    this.timer = null;
    this.running = null;
    addEventListener("beforeunload", (event) => this.dirty && !this.stopped && event.preventDefault());
  }

  changed() {
    this.dirty = true;
    this.say("Not saved yet", false);
    this.later(QUIET_MS);
  }

  later(pause_ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush().catch(() => {}), pause_ms);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  // Resolves once everything typed so far is stored; throws when it cannot be.
  async flush() {
    clearTimeout(this.timer);
    while (this.running) await this.running.catch(() => {});
    if (!this.dirty || this.stopped) return;
    this.running = this.put();
    try {
      await this.running;
    } finally {
      this.running = null;
    }
    if (this.dirty) await this.flush();
  }

  async put() {
    this.dirty = false;
    this.say("Saving", false);
    try {
      const saved = await send("PUT", `/api/studies/${this.studyKey}/report`, { body: this.content(), etag: this.etag });
      this.etag = saved.etag;
      this.say(`Saved ${clock(new Date())}`, false);
    } catch (problem) {
      this.dirty = true;
      if (problem.status === 412) this.onConflict();
      else {
        this.say(`Not saved: ${problem.message} Trying again.`, true);
        this.later(RETRY_MS);
      }
      throw problem;
    }
  }
}
