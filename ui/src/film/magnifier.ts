// A glass over the film: four times as large as around it, at least one film pixel a screen pixel.
import { h, show } from "../dom.ts";
import { FilmCanvas } from "./canvas.ts";
import type { Pane } from "./pane.ts";
import { matrixOf, type Point, zoomed } from "./view.ts";

const SIDE = 260;
const TIMES = 4;

export class Magnifier {
  private readonly canvas = h("canvas");
  readonly element = h("div", { class: "magnifier", "aria-hidden": "true", hidden: true }, this.canvas);
  on = false;
  at: Point = { x: 0, y: 0 };
  private drawing: FilmCanvas | null = null;

  toggle(): void {
    this.on = !this.on;
    show(this.element, this.on);
  }

  draw(pane: Pane): void {
    if (!this.on || !pane.film || !pane.look) return;
    if (this.drawing?.film !== pane.film) this.drawing = new FilmCanvas(this.canvas, pane.film);
    const view = zoomed(pane.view, Math.max(TIMES, 1 / devicePixelRatio / pane.view.scale), this.at);
    const centre = { x: view.centre.x - this.at.x + SIDE / 2, y: view.centre.y - this.at.y + SIDE / 2 };
    Object.assign(this.element.style, { left: `${this.at.x - SIDE / 2}px`, top: `${this.at.y - SIDE / 2}px` });
    this.drawing.place(matrixOf({ ...view, centre }, pane.filmSize, pane.aspect), { width: SIDE, height: SIDE });
    this.drawing.paint(pane.look, pane.inverted);
  }
}
