// One film on the screen: its pixels, its marks, what lies on it, and what is said around it.
import { film as loadPicture, problemOf } from "../api.ts";
import { h, show } from "../dom.ts";
import { FilmCanvas } from "./canvas.ts";
import { clamp, type Look } from "./grey.ts";
import { Magnifier } from "./magnifier.ts";
import { markList, Marks } from "./marks.ts";
import { AiOverlay } from "./overlay.ts";
import { fetchFilm, type FilmPixels, type Sent } from "./pixels.ts";
import { Pace } from "./pace.ts";
import { byKey, presetsOf } from "./presets.ts";
import { aspectOf, barOf, type Scale, scaleOf } from "./scale.ts";
import { centred, fitScale, type Matrix, matrixOf, moved, type Point, type Size, sidesOf, turned, unplaced, type View, zoomed } from "./view.ts";
import { t } from "../catalogue.ts";

const PREVIEW_AFTER_MS = 600;
const PREVIEW_SIDE = 1024;
const BAR_PX = 130;
const REST_AFTER_MS = 150;
const REST_IN_HAND_MS = 500; // while the button is down
const TOLD_EVERY_MS = 250;
const NOTHING: Scale = { row: 1, column: 1, unit: "px", basis: "" };
export type Source = { studyKey: string; instanceKey: string; caption: string };

export class Pane {
  readonly canvas = h("canvas", { class: "pixels", "aria-hidden": "true" });
  readonly ai = new AiOverlay();
  readonly marks = new Marks();
  readonly magnifier = new Magnifier();
  readonly viewport: HTMLElement;
  readonly element: HTMLElement;
  film: FilmPixels | null = null;
  source: Source | null = null;
  view: View = { scale: 1, centre: { x: 0, y: 0 }, quarters: 0, mirrored: false };
  look: Look | null = null;
  inverted = false;
  scale: Scale = NOTHING;
  fitted = true;
  inHand = false;
  onChange: () => void = () => {};
  private drawing: FilmCanvas | null = null;
  private wanted = new AbortController();
  private due = 0;
  private first = 1;
  private stale = false;
  private readonly pace = new Pace();
  private drawn = 1; // how coarsely the canvas was last drawn
  private told = 0;
  private resting: ReturnType<typeof setTimeout> | undefined; // while the film moves under the hand
  private readonly resized = new ResizeObserver(() => (this.fitted ? this.fit() : this.redraw(true)));
  private readonly preview = h("img", { alt: "", draggable: "false", hidden: true });
  private readonly stage = h("div", { class: "stage" }, this.preview, this.ai.heat);
  private readonly message = h("div", { class: "message" }, t("pane.loading_the_film"));
  private readonly letters = ["left", "right", "top", "bottom"].map((side) => h("span", { class: `letter ${side}`, "aria-hidden": "true" }));
  private readonly bar = h("div", { class: "scale-bar", "aria-hidden": "true" });
  private readonly listed = h("div");
  private readonly caption = h("div", { class: "caption" });
  readonly probe = h("span", { class: "probe" });

  constructor(name: string) {
    this.viewport = h("div", { class: "viewport", tabindex: 0, role: "img", "aria-label": name }, this.canvas, this.stage, this.marks.element, ...this.letters, this.bar, this.magnifier.element, this.listed, this.caption, this.message);
    this.element = h("div", { class: "pane" }, this.viewport);
    this.resized.observe(this.viewport);
  }

  get size(): Size {
    const { clientWidth: width, clientHeight: height } = this.viewport;
    return { width: Math.max(1, width), height: Math.max(1, height) };
  }

  get filmSize(): Size {
    return this.film ? { width: this.film.facts.columns, height: this.film.facts.rows } : { width: this.preview.naturalWidth || 1, height: this.preview.naturalHeight || 1 };
  }

  get aspect(): number {
    return this.film ? aspectOf(this.scale) : 1;
  }

  get matrix(): Matrix {
    return matrixOf(this.view, this.filmSize, this.aspect);
  }

  get fitScale(): number {
    return fitScale(this.filmSize, this.aspect, this.size, this.view.quarters);
  }

  // Shows the film; a small picture first where the pixels take their time. False where it cannot be shown, or another was asked for meanwhile. `sent`: it was asked for already.
  async show(source: Source, sent: Promise<Sent> | null = null): Promise<boolean> {
    this.wanted.abort();
    const asked = (this.wanted = new AbortController());
    const same = this.source?.instanceKey === source.instanceKey && this.film !== null;
    this.source = source;
    this.caption.textContent = source.caption;
    if (!same) this.clear();
    this.first = 1;
    this.say(t("pane.loading_the_film"));
    const first = setTimeout(() => this.showPreview(source, asked.signal), PREVIEW_AFTER_MS);
    try {
      const { film, instanceKey } = await (sent ?? fetchFilm(source.studyKey, source.instanceKey, asked.signal));
      if (asked.signal.aborted) return false;
      this.source = { ...source, instanceKey };
      this.take(film, this.source);
      return true;
    } catch (thrown) {
      if (!asked.signal.aborted) this.say(problemOf(thrown).message, h("button", { onclick: () => this.show(source) }, t("pane.try_again")));
      return false;
    } finally {
      clearTimeout(first);
    }
  }

  // For good: what still comes is not shown.
  close(): void {
    this.wanted.abort();
    this.resized.disconnect();
    clearTimeout(this.resting);
    cancelAnimationFrame(this.due);
    this.onChange = () => {};
    this.clear();
  }

  // Takes the film off, until another is shown.
  put(): void {
    this.wanted.abort();
    this.source = null;
    this.clear();
    this.say(t("pane.no_film_is_read_now"));
  }

  clear(): void {
    [this.film, this.drawing] = [null, null];
    show(this.canvas, false);
    show(this.preview, false);
    show(this.marks.element, false);
    for (const each of [...this.letters, this.bar]) each.replaceChildren();
  }

  say(text: string, ...more: HTMLElement[]): void {
    this.message.replaceChildren(h("span", {}, text), ...more);
    show(this.message, true);
  }

  private async showPreview({ studyKey, instanceKey }: Source, signal: AbortSignal): Promise<void> {
    const which = instanceKey ? `instance=${instanceKey}&` : "";
    const url = await loadPicture(`/api/studies/${studyKey}/film.png?${which}max_side_px=${PREVIEW_SIDE}`).catch(() => null);
    if (!url || signal.aborted || this.film) return url ? URL.revokeObjectURL(url) : undefined;
    this.preview.src = url;
    await this.preview.decode().catch(() => {});
    if (signal.aborted || this.film) return;
    show(this.preview, true);
    show(this.message, false);
    this.fit();
  }

  private take(film: FilmPixels, source: Source): void {
    this.film = film;
    this.scale = scaleOf(film.facts);
    this.look = (this.first > 1 ? byKey(film)[this.first - 1] : null) ?? presetsOf(film)[0] ?? null; // the other windows are measured when somebody asks for one
    this.drawing = new FilmCanvas(this.canvas, film);
    this.ai.use(source.instanceKey, film.facts.rows, film.facts.columns);
    show(this.canvas, true);
    show(this.marks.element, true);
    if (this.preview.src) URL.revokeObjectURL(this.preview.src);
    show(this.preview, false);
    show(this.message, false);
    this.fit();
    this.flush();
    performance.clearMarks("film-drawn");
    performance.mark("film-drawn", { detail: source.studyKey });
  }

  fit(): void {
    this.fitted = true;
    this.to(centred(this.view, this.fitScale, this.size), true);
  }

  actualSize(): void {
    this.to(centred(this.view, 1 / devicePixelRatio, this.size));
  }

  reset(): void {
    this.inverted = false;
    this.look = this.film ? (presetsOf(this.film)[0] ?? null) : null;
    this.view = { ...this.view, quarters: 0, mirrored: false };
    this.fit();
  }

  zoom(factor: number, at: Point = { x: this.size.width / 2, y: this.size.height / 2 }): void {
    this.stir();
    this.to(zoomed(this.view, factor, at));
  }

  pan(by: Point): void {
    this.stir();
    this.to(moved(this.view, by));
  }

  turn(by: number): void {
    this.view = turned(this.view, by);
    if (this.fitted) this.fit();
    else this.redraw(true);
  }

  mirror(): void {
    this.view = { ...this.view, mirrored: !this.view.mirrored };
    this.redraw(true);
  }

  invert(): void {
    this.inverted = !this.inverted;
    this.redraw(false);
  }

  // As `preset`, also before the film is here.
  startWith(number: number): void {
    this.first = number;
    this.preset(number);
  }

  preset(number: number): void {
    if (!this.film) return;
    this.look = byKey(this.film)[number - 1] ?? this.look;
    this.redraw(false);
  }

  // `wider` and `brighter` in steps of a hundredth of the present width.
  window(wider: number, brighter: number): void {
    if (!this.film || !this.look) return;
    const { center, width } = this.look.window;
    const dark = this.film.facts.inverted !== this.inverted;
    const next = { center: center + ((dark ? 1 : -1) * brighter * width) / 100, width: clamp(width * Math.exp(wider / 100), 1e-3, 1e7), function: this.look.window.function === "SIGMOID" ? ("SIGMOID" as const) : ("LINEAR_EXACT" as const), explanation: "" };
    this.look = { name: "by hand", lut: false, window: next };
    this.stir();
    this.redraw(false);
  }

  get moving(): boolean {
    return this.resting !== undefined;
  }

  // The film moves: until it rests it may be drawn coarsely.
  stir(): void {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), this.inHand ? REST_IN_HAND_MS : REST_AFTER_MS);
  }

  rest(): void {
    if (!this.moving) return;
    clearTimeout(this.resting);
    this.resting = undefined;
    this.pace.rest();
    this.redraw(this.drawn > 1);
  }

  to(view: View, fitted = false): void {
    this.view = view;
    this.fitted = fitted;
    this.redraw(true);
  }

  toFilm(at: Point): Point {
    return unplaced(this.matrix, at);
  }

  redraw(placed: boolean): void {
    this.stale ||= placed;
    if (!this.due) this.due = requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    cancelAnimationFrame(this.due);
    this.due = 0;
    const m = this.matrix;
    if (this.moving) this.pace.frame(performance.now());
    const coarse = this.moving ? this.pace.coarse : 1;
    if (this.stale || coarse !== this.drawn) {
      const { width, height } = this.filmSize;
      Object.assign(this.stage.style, { width: `${width}px`, height: `${height}px`, transform: `matrix(${m.a}, ${m.b}, ${m.c}, ${m.d}, ${m.e}, ${m.f})` });
      this.stage.style.setProperty("--line", `${2 / this.view.scale}px`);
      this.drawing?.place(m, this.size, coarse);
      this.drawn = coarse;
      this.around();
    }
    this.stale = false;
    if (this.look) this.drawing?.paint(this.look, this.inverted);
    this.drawMarks();
    this.magnifier.draw(this);
    this.tell(coarse > 1);
  }

  // Where a frame costs much, what is said of the film changes less often than the film: it lies elsewhere on the screen, and all between is put together anew with it.
  private tell(seldom: boolean): void {
    const now = performance.now();
    if (seldom && now - this.told < TOLD_EVERY_MS) return;
    this.told = now;
    this.onChange();
  }

  drawMarks(): void {
    this.marks.draw(this.matrix, this.scale);
    if (!this.moving) this.listed.replaceChildren(markList(this.marks, this.scale));
  }

  private around(): void {
    if (!this.film) return;
    const sides = sidesOf(this.film.facts.patient_orientation, this.view);
    const [left, right, top, bottom] = this.letters;
    for (const [place, text] of [[left, sides?.left], [right, sides?.right], [top, sides?.top], [bottom, sides?.bottom]] as const) if (place) place.textContent = text ?? "";
    const { length, px } = barOf(this.view.scale / this.scale.column, BAR_PX);
    this.bar.replaceChildren(h("span", {}, `${length >= 10 ? length / 10 : length} ${this.scale.unit === "px" ? "px" : length >= 10 ? "cm" : "mm"}`));
    if (this.scale.unit === "px") this.bar.replaceChildren(h("span", {}, t("pane.px", { length })));
    this.bar.style.width = `${px}px`;
  }
}
