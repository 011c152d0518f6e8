// The marks of all films of a study: one's own, kept on the server as they change, and those of others, to look at.
import type { FilmMarks, StoredMark, StudyMarks } from "../answers/marks.ts";
import { isWhole, type Mark } from "./measure.ts";

const QUIET_MS = 900;
const RETRY_MS = 4000;
const AT_MOST = 200;
const NONE: readonly Mark[] = [];

export type OtherMark = { mark: Mark; who: string };
export type Save = (films: FilmMarks[]) => Promise<unknown>;

const stored = ({ kind, points, text }: Mark): StoredMark => ({ kind, points: points.map(({ x, y }) => [x, y]), text: kind === "arrow" ? text : "" });
const drawn = ({ kind, points, text }: StoredMark): Mark => ({ kind, points: points.map(([x, y]) => ({ x, y })), text });
// An arrow is finished with its words.
const isFinished = (mark: Mark): boolean => isWhole(mark) && (mark.kind !== "arrow" || mark.text.trim() !== "");

export class KeptMarks {
  problem = false; // the last try to store them failed
  private study = "";
  private instances = new Set<string>();
  private mine = new Map<string, readonly Mark[]>();
  private others = new Map<string, OtherMark[]>();
  private dirty = false;
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private save: Save | null = null;

  constructor(private readonly onTold: () => void) {}

  // What the server has of a study. Of one that is shown already, what was drawn here since stands.
  take(study: string, instances: string[], { mine, others }: StudyMarks, save: Save | null): void {
    this.instances = new Set(instances);
    if (study !== this.study) {
      this.dirty = false; // whoever goes to another study flushes first
      this.study = study;
      this.mine = new Map((mine?.films ?? []).map((film) => [film.instance_key, film.marks.map(drawn)]));
    }
    this.save = save;
    this.others = new Map();
    for (const each of others) {
      for (const film of each.films) this.others.set(film.instance_key, [...this.othersOf(film.instance_key), ...film.marks.map((mark) => ({ mark: drawn(mark), who: each.reader_name }))]);
    }
  }

  get unsaved(): boolean {
    return this.dirty && this.save !== null;
  }

  // The study is left.
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  of(instance: string): readonly Mark[] {
    return this.mine.get(instance) ?? NONE;
  }

  othersOf(instance: string): OtherMark[] {
    return this.others.get(instance) ?? [];
  }

  // The marks of a film as they stand: called whenever something is drawn, most often with nothing new.
  keep(instance: string, marks: readonly Mark[]): void {
    if (!this.instances.has(instance) || this.of(instance) === marks || (!marks.length && !this.of(instance).length)) return;
    this.mine.set(instance, marks);
    this.dirty = true;
    this.later(QUIET_MS);
  }

  get films(): FilmMarks[] {
    const all = [...this.mine].map(([instance_key, marks]) => ({ instance_key, marks: marks.filter(isFinished).map(stored) }));
    let left = AT_MOST;
    return all.map((film) => ({ ...film, marks: film.marks.slice(0, left), left: (left -= Math.min(left, film.marks.length)) })).map(({ instance_key, marks }) => ({ instance_key, marks })).filter((film) => film.marks.length);
  }

  private later(pause_ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), pause_ms);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    if (!this.dirty || !this.save) return;
    this.dirty = false;
    try {
      await this.save(this.films);
      this.tell(false);
    } catch {
      this.dirty = true;
      this.tell(true);
      if (!this.closed) this.later(RETRY_MS);
    }
  }

  private tell(problem: boolean): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.onTold();
  }
}
