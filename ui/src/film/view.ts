// Where a film lies on the screen. Film coordinates are columns and rows from its upper left corner (pixel edges); screen coordinates are CSS pixels of its pane. Pure.
export type Point = { x: number; y: number };
export type Size = { width: number; height: number };
// x' = a x + c y + e, y' = b x + d y + f, as CSS and canvases have it.
export type Matrix = { a: number; b: number; c: number; d: number; e: number; f: number };
export type View = { scale: number; centre: Point; quarters: number; mirrored: boolean };

const MAX_SCALE = 32;
const MIN_SCALE = 0.02;
const COS = [1, 0, -1, 0];
const SIN = [0, 1, 0, -1];

// `aspect` is the height of a pixel by its width; `scale` is CSS pixels per column.
export function matrixOf({ scale, centre, quarters, mirrored }: View, film: Size, aspect: number): Matrix {
  const [cos = 1, sin = 0] = [COS[quarters & 3], SIN[quarters & 3]];
  const across = mirrored ? -scale : scale;
  const down = scale * aspect;
  const turned = { a: cos * across, b: sin * across, c: -sin * down, d: cos * down };
  return { ...turned, e: centre.x - (turned.a * film.width + turned.c * film.height) / 2, f: centre.y - (turned.b * film.width + turned.d * film.height) / 2 };
}

export const placed = (m: Matrix, { x, y }: Point): Point => ({ x: m.a * x + m.c * y + m.e, y: m.b * x + m.d * y + m.f });

export function unplaced(m: Matrix, { x, y }: Point): Point {
  const det = m.a * m.d - m.b * m.c;
  return { x: (m.d * (x - m.e) - m.c * (y - m.f)) / det, y: (m.a * (y - m.f) - m.b * (x - m.e)) / det };
}

export function fitScale(film: Size, aspect: number, pane: Size, quarters: number): number {
  const tall = film.height * aspect;
  const [width, height] = quarters & 1 ? [tall, film.width] : [film.width, tall];
  return Math.min(pane.width / width, pane.height / height);
}

export const centred = (view: View, scale: number, pane: Size): View => ({ ...view, scale, centre: { x: pane.width / 2, y: pane.height / 2 } });

// The place under `at` stays under it.
export function zoomed(view: View, factor: number, at: Point): View {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const by = scale / view.scale;
  return { ...view, scale, centre: { x: at.x + (view.centre.x - at.x) * by, y: at.y + (view.centre.y - at.y) * by } };
}

export const moved = (view: View, by: Point): View => ({ ...view, centre: { x: view.centre.x + by.x, y: view.centre.y + by.y } });

export const turned = (view: View, by: number): View => ({ ...view, quarters: (view.quarters + by + 4) & 3 });

// A film pixel on a device pixel exactly: nothing is interpolated, what is drawn is what is stored.
export function onGrid(m: Matrix, ratio: number): Matrix {
  const whole = (value: number) => Math.round(value * ratio) / ratio;
  return { ...m, e: whole(m.e), f: whole(m.f) };
}

export type Rectangle = Size & { left: number; top: number };

// The whole pixels of a pane that a film lies on: at least one.
export function covered(m: Matrix, film: Size, pane: Size): Rectangle {
  const [one, other] = [placed(m, { x: 0, y: 0 }), placed(m, { x: film.width, y: film.height })];
  const along = (from: number, to: number, size: number): [number, number] => {
    const start = Math.min(Math.max(0, size - 1), Math.max(0, Math.floor(Math.min(from, to) + 1e-6)));
    return [start, Math.max(1, Math.min(size, Math.ceil(Math.max(from, to) - 1e-6)) - start)];
  };
  const [left, width] = along(one.x, other.x, pane.width);
  const [top, height] = along(one.y, other.y, pane.height);
  return { left, top, width, height };
}

const OPPOSITE: Record<string, string> = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };
const opposite = (letters: string) => [...letters].map((each) => OPPOSITE[each] ?? each).join("");

export type Sides = { left: string; right: string; top: string; bottom: string };

// PS3.3 §C.7.6.1.1.1: where rows run to, where columns run to, and so what lies at each edge of the screen.
export function sidesOf([row = "", column = ""]: string[], { quarters, mirrored }: View): Sides | null {
  if (!row && !column) return null;
  let sides = [mirrored ? opposite(row) : row, column, mirrored ? row : opposite(row), opposite(column)]; // right, bottom, left, top
  sides = [...sides.slice(4 - (quarters & 3)), ...sides.slice(0, 4 - (quarters & 3))];
  const [right = "", bottom = "", left = "", top = ""] = sides;
  return { left, right, top, bottom };
}
