// The film: zoom, pan, brightness and contrast, inversion; the heat map and the boxes lie on it in the film's own coordinates.
import type { Finding, HeatMaps, Instance, Region } from "./answers/study.ts";
import { film as load, problemOf } from "./api.ts";
import { type Child, h, show } from "./dom.ts";
import { words } from "./format.ts";

const MAX_ZOOM = 12;

export class Film {
  instances: Instance[] | null = null;
  private instance: Instance | null = null;
  private loads = 0;
  private side = 2048;
  private scale = 1;
  private left = 0;
  private top = 0;
  private fitted = true;
  private inverted = false;
  private brightness = 1;
  private contrast = 1;
  private heat: HeatMaps | null = null;
  private heatOn = false;
  private shown: Finding | null = null;
  private pointInstance = "";
  private readonly image = h("img", { alt: "", draggable: "false" });
  private readonly canvas = h("canvas", { class: "heat", hidden: true });
  private readonly stage = h("div", { class: "stage" }, this.image, this.canvas);
  private readonly corner = h("div", { class: "corner cut", "aria-live": "polite" });
  private readonly message = h("div", { class: "message" }, "Loading the film");
  private readonly viewport = h("div", { class: "viewport", tabindex: 0, role: "img", "aria-label": "Chest radiograph. Wheel zooms, dragging pans, dragging with Shift changes brightness and contrast." }, this.stage, this.message);
  private readonly views = h("div", { class: "views", role: "group", "aria-label": "Films of this study" });
  private readonly heatButton = h("button", { "aria-pressed": "false", disabled: true, onclick: () => this.toggleHeat() }, "Heat map ", h("kbd", {}, "h"));
  private readonly invertButton = h("button", { "aria-pressed": "false", onclick: () => this.invert() }, "Invert ", h("kbd", {}, "i"));

  constructor(
    root: HTMLElement,
    private readonly studyKey: string,
  ) {
    root.append(this.viewport, h("div", { class: "tools" }, this.views, this.corner, this.heatButton, this.invertButton, h("button", { onclick: () => this.fit() }, "Fit ", h("kbd", {}, "f")), h("button", { onclick: () => this.actualSize(), "aria-label": "One film pixel per screen pixel" }, "1:1"), h("button", { onclick: () => this.reset() }, "Reset ", h("kbd", {}, "0"))));
    this.listen();
    new ResizeObserver(() => this.fitted && this.fit()).observe(this.viewport);
  }

  offer(instances: Instance[], chosen: string | undefined): unknown {
    const films = instances.filter((each) => each.has_pixel_data);
    this.instances = films;
    this.views.replaceChildren(...(films.length > 1 ? films.map((each, at) => h("button", { "aria-pressed": "false", onclick: () => this.use(each) }, each.view_position || `Film ${at + 1}`)) : []));
    const first = films.find((each) => each.instance_key === chosen) ?? films[0];
    if (first) return this.use(first);
    return this.say("This study holds no film that can be shown.");
  }

  turn(by: number): void {
    const films = this.instances ?? [];
    const at = films.findIndex((each) => each === this.instance);
    const next = films[(at + by + films.length) % films.length];
    if (films.length > 1 && next) this.use(next);
  }

  private async use(instance: Instance): Promise<void> {
    this.instance = instance;
    [...this.views.children].forEach((button, at) => button.setAttribute("aria-pressed", String(this.instances?.[at] === instance)));
    this.say("Loading the film");
    this.side = 2048;
    await this.fetch();
    this.fit();
    this.drawHeat();
    this.drawBox();
  }

  private async fetch(): Promise<void> {
    const instance = this.instance;
    if (!instance) return;
    const load_number = ++this.loads;
    try {
      const url = await load(`/api/studies/${this.studyKey}/film.png?instance=${instance.instance_key}&max_side_px=${this.side}`);
      if (load_number !== this.loads) return URL.revokeObjectURL(url);
      const before = this.image.src;
      this.image.src = url;
      await this.image.decode();
      if (before) URL.revokeObjectURL(before);
      show(this.message, false);
    } catch (thrown) {
      if (load_number === this.loads) this.say(problemOf(thrown).message, h("button", { onclick: () => this.use(instance) }, "Try again"));
    }
  }

  private say(text: string, ...more: HTMLElement[]): void {
    this.message.replaceChildren(h("span", {}, text), ...more);
    show(this.message, true);
  }

  // Layout: the stage has the image's own proportion; `scale` is screen pixels per stage pixel.
  private get size(): { width: number; height: number } {
    const ratio = this.image.naturalHeight / (this.image.naturalWidth || 1) || 1.2;
    return { width: 1000, height: 1000 * ratio };
  }

  fit(): void {
    const { width, height } = this.size;
    const box = this.viewport.getBoundingClientRect();
    this.scale = Math.min(box.width / width, box.height / height);
    this.left = (box.width - width * this.scale) / 2;
    this.top = (box.height - height * this.scale) / 2;
    this.fitted = true;
    this.place();
  }

  private actualSize(): void {
    const box = this.viewport.getBoundingClientRect();
    this.zoomTo((this.instance?.columns ?? 1000) / 1000 / devicePixelRatio, box.width / 2, box.height / 2);
  }

  reset(): void {
    this.brightness = this.contrast = 1;
    this.inverted = false;
    this.invertButton.setAttribute("aria-pressed", "false");
    this.fit();
  }

  zoom(factor: number, column?: number, row?: number): void {
    const box = this.viewport.getBoundingClientRect();
    this.zoomTo(this.scale * factor, column ?? box.width / 2, row ?? box.height / 2);
  }

  private zoomTo(scale: number, column: number, row: number): void {
    const bounded = Math.min(MAX_ZOOM, Math.max(0.05, scale));
    this.left = column - ((column - this.left) * bounded) / this.scale;
    this.top = row - ((row - this.top) * bounded) / this.scale;
    this.scale = bounded;
    this.fitted = false;
    this.place();
    this.sharpen();
  }

  private sharpen(): void {
    const long = Math.max(this.instance?.rows ?? 0, this.instance?.columns ?? 0);
    const onScreen = Math.max(this.size.width, this.size.height) * this.scale * devicePixelRatio;
    if (this.side < 4096 && long > this.side && onScreen > this.side * 1.1) {
      this.side = 4096;
      this.fetch();
    }
  }

  invert(): void {
    this.inverted = !this.inverted;
    this.invertButton.setAttribute("aria-pressed", String(this.inverted));
    this.place();
  }

  private place(): void {
    const { width, height } = this.size;
    Object.assign(this.stage.style, { width: `${width}px`, height: `${height}px`, transform: `translate(${this.left}px, ${this.top}px) scale(${this.scale})` });
    this.image.style.filter = `${this.inverted ? "invert(1) " : ""}brightness(${this.brightness}) contrast(${this.contrast})`;
    this.stage.style.setProperty("--line", `${2 / this.scale}px`);
    this.describe();
  }

  private describe(): void {
    const lines: string[] = [];
    if (this.instance) lines.push([this.instance.view_position, `${this.instance.columns} × ${this.instance.rows}`].filter(Boolean).join(", "));
    if (this.inverted) lines.push("inverted");
    if (this.brightness !== 1 || this.contrast !== 1) lines.push(`brightness ${Math.round(this.brightness * 100)} %, contrast ${Math.round(this.contrast * 100)} %`);
    const ai: Child = this.heatOn && this.onHeatFilm ? this.shown ? `AI heat map, ${words(this.shown.display)}: relative, no outline` : "AI heat map: choose a finding" : "";
    this.corner.replaceChildren(ai ? h("span", { class: "ai" }, ai) : lines.join(", "));
    this.corner.title = this.corner.textContent;
  }

  private listen(): void {
    const view = this.viewport;
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = view.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    view.addEventListener("contextmenu", (event) => event.preventDefault());
    view.addEventListener("dblclick", () => this.fit());
    view.addEventListener("pointerdown", (event) => {
      const windowing = event.shiftKey || event.button === 2;
      view.setPointerCapture(event.pointerId);
      view.classList.add(windowing ? "windowing" : "moving");
      const move = (moved: PointerEvent) => (windowing ? this.window(moved.movementX, moved.movementY) : this.pan(moved.movementX, moved.movementY));
      const stop = () => {
        view.removeEventListener("pointermove", move);
        view.classList.remove("windowing", "moving");
      };
      view.addEventListener("pointermove", move);
      view.addEventListener("pointerup", stop, { once: true });
      view.addEventListener("pointercancel", stop, { once: true });
    });
  }

  private pan(across: number, down: number): void {
    this.left += across;
    this.top += down;
    this.fitted = false;
    this.place();
  }

  private window(across: number, down: number): void {
    const bounded = (value: number) => Math.min(4, Math.max(0.2, value));
    this.contrast = bounded(this.contrast * Math.exp(across * 0.004));
    this.brightness = bounded(this.brightness * Math.exp(-down * 0.004));
    this.place();
  }

  // What the model looked at. Off until asked for: seeing it first would lead the eye.
  setHeat(heat: HeatMaps): void {
    this.heat = heat;
    this.heatButton.disabled = false;
  }

  private get onHeatFilm(): boolean {
    return this.heat !== null && this.instance?.instance_key === this.heat.instance_key;
  }

  toggleHeat(): void {
    if (!this.heat) return;
    this.heatOn = !this.heatOn;
    this.heatButton.setAttribute("aria-pressed", String(this.heatOn));
    this.drawHeat();
    this.describe();
  }

  point(finding: Finding | null, instanceKey = ""): void {
    this.shown = finding;
    this.pointInstance = instanceKey;
    this.drawBox();
    this.drawHeat();
    this.describe();
  }

  private drawBox(): void {
    this.stage.querySelector(".box")?.remove();
    if (!this.shown?.region || this.instance?.instance_key !== this.pointInstance) return;
    const box = h("div", { class: "box" });
    this.lay(box, this.shown.region);
    box.style.borderWidth = `${2 / this.scale}px`;
    this.stage.append(box);
  }

  private drawHeat(): void {
    const { heat } = this;
    const values = this.heatOn && this.onHeatFilm && this.shown ? heat?.maps[this.shown.name] : undefined;
    show(this.canvas, Boolean(values));
    if (!values || !heat) return;
    const { rows, columns } = heat;
    this.canvas.width = columns;
    this.canvas.height = rows;
    const pixels = new ImageData(columns, rows);
    // Only what stands out from the film's own average is coloured: a constant says nothing about a place.
    const floor = Math.max(0, values.reduce((sum, value) => sum + value, 0) / values.length);
    const range = Math.max(...values) - floor || 1;
    values.forEach((value, at) => {
      const level = Math.max(0, value - floor) / range;
      pixels.data.set([255, 60 + 140 * level, 0, 255 * level], at * 4);
    });
    this.canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    this.lay(this.canvas, heat.extent);
  }

  private lay(element: HTMLElement, region: Region): void {
    if (!this.instance) return;
    const { rows, columns } = this.instance;
    const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
    Object.assign(element.style, { left: percent(region.column_start, columns), top: percent(region.row_start, rows), width: percent(region.column_stop - region.column_start, columns), height: percent(region.row_stop - region.row_start, rows) });
  }
}
