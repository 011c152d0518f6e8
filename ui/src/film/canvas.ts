// The film on a canvas: stored values are sampled when the view changes, and looked up in one grey table when the window does. Both are plain arithmetic on the CPU, so every machine draws
// the same greys (ADR-0017). The canvas is no larger than what the film covers: whoever puts the screen together without a GPU pays for every pixel of it.
import { greyTable, type Look } from "./grey.ts";
import type { FilmPixels } from "./pixels.ts";
import type { Sampled } from "./sampler.ts";
import { covered, type Matrix, onGrid, type Size } from "./view.ts";

const BLACK = 0xff000000;

export class FilmCanvas {
  private sampled: Sampled | null = null;
  private image: ImageData | null = null;
  private words = new Uint32Array(0);
  private readonly context: CanvasRenderingContext2D;

  constructor(
    private readonly element: HTMLCanvasElement,
    readonly film: FilmPixels,
  ) {
    const context = element.getContext("2d", { alpha: false, willReadFrequently: true });
    if (!context) throw new Error("this browser has no canvas to draw on");
    this.context = context;
  }

  // `m` from film to CSS pixels of a pane of this size; `coarse` screen pixels along each side share one sample (1: none does, every pixel is exact).
  place(m: Matrix, pane: Size, coarse = 1): void {
    const ratio = devicePixelRatio / coarse;
    const { a, b, c, d, e, f } = coarse === 1 ? onGrid(m, ratio) : m;
    const scaled = { a: a * ratio, b: b * ratio, c: c * ratio, d: d * ratio, e: e * ratio, f: f * ratio };
    const { left, top, width, height } = covered(scaled, { width: this.film.facts.columns, height: this.film.facts.rows }, { width: Math.round(pane.width * ratio), height: Math.round(pane.height * ratio) });
    if (this.image?.width !== width || this.image.height !== height) {
      [this.element.width, this.element.height] = [width, height];
      this.image = this.context.createImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    Object.assign(this.element.style, { left: `${left / ratio}px`, top: `${top / ratio}px`, width: `${width / ratio}px`, height: `${height / ratio}px` });
    this.element.classList.toggle("coarse", coarse > 1);
    this.words.fill(BLACK);
    this.sampled = this.film.sampler.sample({ ...scaled, e: scaled.e - left, f: scaled.f - top }, width, height, this.sampled?.values);
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
