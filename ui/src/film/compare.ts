// Two films that move together: side by side, or one over the other to swipe or fade between them.
import type { Compare } from "../answers/hanging.ts";
import { h, show } from "../dom.ts";
import type { Pane } from "./pane.ts";
import type { Point } from "./view.ts";
import { t } from "../catalogue.ts";

const MODES: Compare[] = ["side", "swipe", "fade"];
export const SAYS: Record<Compare, string> = { side: t("compare.side_by_side"), swipe: "swipe", fade: "fade" };

export class Comparison {
  mode: Compare = "side";
  readonly slider = h("input", { type: "range", min: 0, max: 100, value: 50, class: "share", "aria-label": t("compare.share_of_the_second_film"), hidden: true, oninput: () => this.lay() });
  private drift: Point = { x: 0, y: 0 };

  constructor(
    private readonly first: Pane,
    private readonly second: Pane,
  ) {}

  cycle(): void {
    this.set(MODES[(MODES.indexOf(this.mode) + 1) % MODES.length] ?? "side");
  }

  set(mode: Compare): void {
    this.mode = mode;
    this.lay();
  }

  slide(by: number): void {
    this.slider.valueAsNumber += by;
    this.lay();
  }

  // Puts the second film where the mode has it. Over the other, it lets every touch through.
  lay(): void {
    const { element } = this.second;
    const shown = element.isConnected;
    show(this.slider, shown && this.mode !== "side");
    element.classList.toggle("over", this.mode !== "side");
    const share = this.slider.valueAsNumber;
    element.style.clipPath = this.mode === "swipe" ? `inset(0 0 0 ${100 - share}%)` : "";
    element.style.opacity = this.mode === "fade" ? String(share / 100) : "";
    this.follow(this.first);
  }

  // The other film takes on what this one was given. Where both know their millimetres, a millimetre is equally long in both; else both fit alike.
  follow(moved: Pane): void {
    if (!this.second.element.isConnected || !this.first.film || !this.second.film) return;
    const other = moved === this.first ? this.second : this.first;
    if (moved.moving) other.stir();
    other.to({ ...moved.view, ...this.expected(moved, other) }, false);
  }

  // The second film by itself: the difference is kept from then on.
  drifted(): void {
    const expected = this.expected(this.first, this.second, { x: 0, y: 0 });
    this.drift = { x: this.second.view.centre.x - expected.centre.x, y: this.second.view.centre.y - expected.centre.y };
  }

  settle(): void {
    this.drift = { x: 0, y: 0 };
  }

  private expected(from: Pane, to: Pane, drift = this.drift): { scale: number; centre: Point } {
    const inMm = from.scale.unit === "mm" && to.scale.unit === "mm";
    const scale = inMm ? (from.view.scale / from.scale.column) * to.scale.column : (from.view.scale / from.fitScale) * to.fitScale;
    const sign = from === this.first ? 1 : -1;
    const along = (axis: "x" | "y", side: "width" | "height") => to.size[side] / 2 + from.view.centre[axis] - from.size[side] / 2 + sign * drift[axis];
    return { scale, centre: { x: along("x", "width"), y: along("y", "height") } };
  }
}
