// The film on a canvas: stored values are sampled when the view changes, and looked up in one grey table when the window does. Both are plain arithmetic on the CPU, so every machine draws
// the same greys (ADR-0017).
import { greyTable, type Look } from "./grey.ts";
import type { FilmPixels } from "./pixels.ts";
import { type Sampled, Sampler } from "./sampler.ts";
import { type Matrix, onGrid, type Size } from "./view.ts";

const BLACK = 0xff000000;

export class FilmCanvas {
  readonly sampler: Sampler;
  private sampled: Sampled | null = null;
  private image: ImageData | null = null;
  private words = new Uint32Array(0);
  private readonly context: CanvasRenderingContext2D;

  constructor(
    private readonly element: HTMLCanvasElement,
    readonly film: FilmPixels,
  ) {
    const { facts, stored } = film;
    this.sampler = new Sampler(stored, facts.rows, facts.columns, facts.padding);
    const context = element.getContext("2d", { alpha: false, willReadFrequently: true });
    if (!context) throw new Error("this browser has no canvas to draw on");
    this.context = context;
  }

  // `m` from film to CSS pixels of a pane of this size.
  place(m: Matrix, pane: Size): void {
    const ratio = devicePixelRatio;
    const width = Math.max(1, Math.round(pane.width * ratio));
    const height = Math.max(1, Math.round(pane.height * ratio));
    if (this.image?.width !== width || this.image.height !== height) {
      [this.element.width, this.element.height] = [width, height];
      this.image = this.context.createImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    this.words.fill(BLACK);
    const { a, b, c, d, e, f } = onGrid(m, ratio);
    this.sampled = this.sampler.sample({ a: a * ratio, b: b * ratio, c: c * ratio, d: d * ratio, e: e * ratio, f: f * ratio }, width, height, this.sampled?.values);
  }

  paint(look: Look, inverted: boolean): void {
    if (!this.sampled || !this.image) return;
    const table = greyTable(this.film, look, inverted);
    const { values, width, left, right, top, bottom } = this.sampled;
    const { words } = this;
    for (let y = top; y < bottom; y += 1) {
      for (let at = y * width + left, stop = y * width + right; at < stop; at += 1) words[at] = table[values[at] as number] as number;
    }
    this.context.putImageData(this.image, 0, 0);
  }
}
