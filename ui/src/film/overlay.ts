// What the model looked at, laid on the film in its own coordinates. Off until asked for: seeing it first would lead the eye.
import type { Finding, HeatMaps, Region } from "../answers/study.ts";
import { h, show } from "../dom.ts";
import { words } from "../format.ts";
import { t } from "../catalogue.ts";

export class AiOverlay {
  readonly heat = h("canvas", { class: "heat", hidden: true });
  readonly box = h("div", { class: "box", hidden: true });
  on = false;
  private maps: HeatMaps | null = null;
  private shown: Finding | null = null;
  private pointedOn = "";
  private instance = "";
  private size = { rows: 1, columns: 1 };

  // The map is asked for, and of no finding.
  get lacksFinding(): boolean {
    return this.on && !this.shown;
  }

  get known(): boolean {
    return this.maps !== null;
  }

  setMaps(maps: HeatMaps): void {
    this.maps = maps;
    this.draw();
  }

  use(instanceKey: string, rows: number, columns: number): void {
    this.instance = instanceKey;
    this.size = { rows, columns };
    this.draw();
  }

  point(finding: Finding | null, instanceKey: string): void {
    [this.shown, this.pointedOn] = [finding, instanceKey];
    this.draw();
  }

  toggle(): void {
    this.on = this.on || this.maps ? !this.on : false;
    this.draw();
  }

  get says(): string {
    if (!this.on || this.maps?.instance_key !== this.instance) return "";
    return this.shown ? t("heat.ai_heat_map_relative_no", { display: words(this.shown.display) }) : t("heat.ai_heat_map_choose_a");
  }

  private draw(): void {
    const region = this.shown?.region && this.instance === this.pointedOn ? this.shown.region : null;
    show(this.box, region !== null);
    if (!region) this.box.remove();
    else this.lay(this.box, region);
    const values = this.on && this.maps?.instance_key === this.instance && this.shown ? this.maps.maps[this.shown.name] : undefined;
    show(this.heat, Boolean(values));
    if (!values || !this.maps) return;
    const { rows, columns, extent } = this.maps;
    [this.heat.width, this.heat.height] = [columns, rows];
    this.heat.getContext("2d")?.putImageData(coloured(values, rows, columns), 0, 0);
    this.lay(this.heat, extent);
    this.heat.style.clipPath = onFilm(extent, this.size);
  }

  private lay(element: HTMLElement, region: Region): void {
    const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
    const { rows, columns } = this.size;
    Object.assign(element.style, { left: percent(region.column_start, columns), top: percent(region.row_start, rows), width: percent(region.column_stop - region.column_start, columns), height: percent(region.row_stop - region.row_start, rows) });
    if (element === this.box && !element.isConnected) this.heat.after(element);
  }
}

// The map covers the square that the model was given, and that reaches beyond a film that is none.
function onFilm(extent: Region, { rows, columns }: { rows: number; columns: number }): string {
  const share = (beyond: number, whole: number) => `${(100 * Math.max(0, beyond)) / whole}%`;
  const height = extent.row_stop - extent.row_start, width = extent.column_stop - extent.column_start;
  return `inset(${share(-extent.row_start, height)} ${share(extent.column_stop - columns, width)} ${share(extent.row_stop - rows, height)} ${share(-extent.column_start, width)})`;
}

// Only what stands out from the film's own average is coloured: a constant says nothing about a place.
function coloured(values: number[], rows: number, columns: number): ImageData {
  const pixels = new ImageData(columns, rows);
  const floor = Math.max(0, values.reduce((sum, value) => sum + value, 0) / values.length);
  const range = Math.max(...values) - floor || 1;
  values.forEach((value, at) => {
    const level = Math.max(0, value - floor) / range;
    pixels.data.set([255, 60 + 140 * level, 0, 255 * level], at * 4);
  });
  return pixels;
}
