// The marks on one film: placing, choosing, moving, deleting, undoing; drawn in screen coordinates so that they are legible at any zoom; `kept_marks` stores them. Below them, fainter and out of reach, those of others.
import { h, s } from "../dom.ts";
import { visible } from "../format.ts";
import type { OtherMark } from "./kept_marks.ts";
import { isWhole, type Kind, label, type Mark, POINTS } from "./measure.ts";
import type { Scale } from "./scale.ts";
import { type Matrix, placed, type Point } from "./view.ts";
import { t } from "../catalogue.ts";

const NEAR_PX = 12;

export class Marks {
  readonly element = s("svg", { class: "marks", "aria-hidden": "true" });
  chosen = -1;
  placing: Kind | null = null;
  cursor: Point | null = null; // where the keyboard points, in film coordinates
  others: OtherMark[] = [];
  showsOthers = true;
  private marks: readonly Mark[] = [];
  private readonly before: (readonly Mark[])[] = [];
  private ghost: Point | null = null;

  get all(): readonly Mark[] {
    return this.marks;
  }

  get current(): Mark | null {
    return this.marks[this.chosen] ?? null;
  }

  // The mark under construction, if any: the last one, as long as it lacks points.
  get open(): Mark | null {
    const last = this.marks.at(-1);
    return last && !isWhole(last) ? last : null;
  }

  restore(marks: readonly Mark[]): void {
    this.marks = marks;
    this.chosen = -1;
    this.before.length = 0;
  }

  begin(kind: Kind | null): void {
    if (this.open) this.marks = this.marks.slice(0, -1);
    this.placing = kind;
    this.ghost = null;
    this.cursor = null;
  }

  // Adds a point to the open mark; true when that completed it.
  add(point: Point): boolean {
    if (!this.placing) return false;
    const open = this.open;
    if (!open) this.remember();
    const grown: Mark = open ? { ...open, points: [...open.points, point] } : { kind: this.placing, points: [point], text: "" };
    this.marks = open ? [...this.marks.slice(0, -1), grown] : [...this.marks, grown];
    this.ghost = null;
    if (!isWhole(grown)) return false;
    this.chosen = this.marks.length - 1;
    this.placing = null;
    this.cursor = null;
    return true;
  }

  point(at: Point | null): void {
    this.ghost = at;
  }

  write(text: string): void {
    this.change((mark) => ({ ...mark, text }));
  }

  move(handle: number, to: Point): void {
    this.change((mark) => ({ ...mark, points: mark.points.map((each, at) => (at === handle ? to : each)) }));
  }

  // Called once before a drag, so that undo brings back what was there before it.
  remember(): void {
    this.before.push(this.marks);
  }

  remove(): boolean {
    if (!this.current && !this.marks.length) return false;
    this.remember();
    const at = this.current ? this.chosen : this.marks.length - 1;
    this.marks = this.marks.filter((_, index) => index !== at);
    this.chosen = -1;
    return true;
  }

  undo(): boolean {
    const earlier = this.before.pop();
    if (!earlier) return false;
    this.marks = earlier.filter(isWhole);
    this.chosen = -1;
    return true;
  }

  // The handle near a place on the screen: which mark, which of its points.
  near(at: Point, m: Matrix): { mark: number; handle: number } | null {
    for (let mark = this.marks.length - 1; mark >= 0; mark -= 1) {
      const handle = (this.marks[mark]?.points ?? []).findIndex((point) => {
        const on = placed(m, point);
        return Math.hypot(on.x - at.x, on.y - at.y) < NEAR_PX;
      });
      if (handle >= 0) return { mark, handle };
    }
    return null;
  }

  draw(m: Matrix, scale: Scale): void {
    const theirs = this.showsOthers ? this.others.map(({ mark, who }) => group(mark, m, scale, "mark other", who)) : [];
    const groups = this.marks.map((mark, at) => {
      const more = mark === this.open && this.ghost ? [this.ghost] : [];
      return group({ ...mark, points: [...mark.points, ...more].slice(0, POINTS[mark.kind]) }, m, scale, at === this.chosen ? "mark chosen" : "mark");
    });
    const on = this.cursor && placed(m, this.cursor);
    const cross = on ? [s("path", { class: "cross", d: `M${on.x - 14} ${on.y}h11m6 0h11M${on.x} ${on.y - 14}v11m0 6v11` })] : [];
    const drawn = [...theirs, ...groups, ...cross];
    if (drawn.length || this.element.firstChild) this.element.replaceChildren(...drawn);
  }

  private change(by: (mark: Mark) => Mark): void {
    this.marks = this.marks.map((each, at) => (at === this.chosen ? by(each) : each));
  }
}

function group(mark: Mark, m: Matrix, scale: Scale, kind: string, who = ""): SVGElement {
  const points = mark.points.map((each) => placed(m, each));
  const d = path(mark.kind, points);
  const last = points.at(-1);
  const words = visible([label(mark, scale), who].filter(Boolean).join(", "));
  return s("g", { class: kind }, s("path", { class: "halo", d }), s("path", { class: "line", d }),
    points.map((each) => s("circle", { cx: each.x, cy: each.y, r: 4 })), words && last && s("text", { x: last.x + 9, y: last.y - 9 }, words));
}

function path(kind: Kind, points: Point[]): string {
  const line = (one: Point | undefined, other: Point | undefined) => (one && other ? `M${one.x} ${one.y}L${other.x} ${other.y}` : "");
  if (kind === "ratio") return line(points[0], points[1]) + line(points[2], points[3]);
  if (kind === "angle") return line(points[0], points[1]) + line(points[1], points[2]);
  return line(points[0], points[1]) + (kind === "arrow" ? head(points) : "");
}

function head([tip, tail]: Point[]): string {
  if (!tip || !tail) return "";
  const turn = Math.atan2(tail.y - tip.y, tail.x - tip.x);
  return [0.4, -0.4].map((by) => `M${tip.x} ${tip.y}l${14 * Math.cos(turn + by)} ${14 * Math.sin(turn + by)}`).join("");
}

// For those who listen instead of look: the same numbers as a list.
export function markList(marks: Marks, scale: Scale): HTMLElement {
  return h("ul", { class: "visually-hidden", "aria-label": t("mark.measurements_on_this_film") }, marks.all.filter(isWhole).map((each) => h("li", {}, label(each, scale))), marks.showsOthers && marks.others.map(({ mark, who }) => h("li", {}, `${label(mark, scale)}, ${who}`)));
}
