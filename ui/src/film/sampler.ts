// Stored values where the screen wants them: halved levels for small views, four neighbours weighed in between, and the very value where a film pixel is a screen pixel.
import type { Stored } from "./pixels.ts";
import type { Matrix } from "./view.ts";

export type Padding = readonly [number, number] | null;
type Level = { values: Stored; columns: number; rows: number };
export type Sampled = { values: Uint16Array; width: number; height: number; left: number; top: number; right: number; bottom: number };
type Axis = { low: Int32Array; high: Int32Array; weight: Float32Array; first: number; stop: number };

const MOST_LEVELS = 6;

export class Sampler {
  private readonly levels: Level[];

  constructor(
    stored: Stored,
    rows: number,
    columns: number,
    private readonly padding: Padding,
  ) {
    this.levels = [{ values: stored, rows, columns }];
  }

  // `m` from film to device pixels. Returns what to look up by place, and the rectangle the film covers; outside it is nothing.
  sample(m: Matrix, width: number, height: number, into?: Uint16Array): Sampled {
    const values = into && into.length === width * height ? into : new Uint16Array(width * height);
    const swapped = Math.abs(m.a) < Math.abs(m.b);
    const columnScale = Math.abs(swapped ? m.b : m.a);
    const number = Math.min(MOST_LEVELS, Math.max(0, Math.floor(Math.log2(1 / columnScale))));
    const level = this.level(number);
    const shrink = 2 ** -number;
    const { columns, rows } = level;
    const across = swapped ? axis(width, m.e, m.c, this.whole.rows, shrink, rows, columns) : axis(width, m.e, m.a, this.whole.columns, shrink, columns, 1);
    const down = swapped ? axis(height, m.f, m.b, this.whole.columns, shrink, columns, 1) : axis(height, m.f, m.d, this.whole.rows, shrink, rows, columns);
    if (this.padding) nearEdges(level.values, across, down, values, width, this.padding);
    else between(level.values, across, down, values, width);
    return { values, width, height, left: across.first, right: across.stop, top: down.first, bottom: down.stop };
  }

  // The averages of the whole film, a few rows at a time, for whoever has time before it is shown. Where it is shown before that, `sample` makes what it needs itself.
  *averaging(): Generator<void> {
    for (let number = 1; number <= MOST_LEVELS; number += 1) {
      if (number < this.levels.length) continue;
      const work = halving(this.level(number - 1), this.padding);
      let step = work.next();
      for (; !step.done; step = work.next()) yield;
      if (number === this.levels.length) this.levels.push(step.value);
      yield;
    }
  }

  private get whole(): Level {
    return this.levels[0] as Level;
  }

  private level(number: number): Level {
    for (let have = this.levels.length; have <= number; have += 1) this.levels.push(halved(this.levels[have - 1] as Level, this.padding));
    return this.levels[number] as Level;
  }
}

function axis(count: number, origin: number, coefficient: number, whole: number, shrink: number, size: number, stride: number): Axis {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const weight = new Float32Array(count);
  let first = count;
  let stop = 0;
  for (let at = 0; at < count; at += 1) {
    const place = (at + 0.5 - origin) / coefficient;
    if (place < 0 || place >= whole) continue;
    if (at < first) first = at;
    stop = at + 1;
    const texel = place * shrink - 0.5;
    const below = Math.floor(texel + 1e-9);
    weight[at] = Math.max(0, texel - below);
    low[at] = Math.min(size - 1, Math.max(0, below)) * stride;
    high[at] = Math.min(size - 1, Math.max(0, below + 1)) * stride;
  }
  return { low, high, weight, first, stop };
}

function between(source: Stored, across: Axis, down: Axis, into: Uint16Array, width: number): void {
  const { low, high, weight, first, stop } = across;
  for (let y = down.first; y < down.stop; y += 1) {
    const upper = down.low[y] as number;
    const lower = down.high[y] as number;
    const share = down.weight[y] as number;
    for (let x = first, at = y * width + first; x < stop; x += 1, at += 1) {
      const left = low[x] as number;
      const right = high[x] as number;
      const part = weight[x] as number;
      const a = source[upper + left] as number;
      const b = source[lower + left] as number;
      const one = a + ((source[upper + right] as number) - a) * part;
      const other = b + ((source[lower + right] as number) - b) * part;
      into[at] = one + (other - one) * share + 0.5;
    }
  }
}

// As `between`, but a value is never weighed with padding, which would make a tissue that is not there.
function nearEdges(source: Stored, across: Axis, down: Axis, into: Uint16Array, width: number, [firstPad, lastPad]: readonly [number, number]): void {
  const padded = (value: number) => value >= firstPad && value <= lastPad;
  for (let y = down.first; y < down.stop; y += 1) {
    const share = down.weight[y] as number;
    for (let x = across.first, at = y * width + x; x < across.stop; x += 1, at += 1) {
      const part = across.weight[x] as number;
      const [upper, lower, left, right] = [down.low[y] as number, down.high[y] as number, across.low[x] as number, across.high[x] as number];
      const four = [source[upper + left], source[upper + right], source[lower + left], source[lower + right]] as [number, number, number, number];
      if (four.some(padded)) into[at] = four[(share >= 0.5 ? 2 : 0) + (part >= 0.5 ? 1 : 0)] as number;
      else {
        const one = four[0] + (four[1] - four[0]) * part;
        into[at] = one + (four[2] + (four[3] - four[2]) * part - one) * share + 0.5;
      }
    }
  }
}

const ROWS_AT_ONCE = 64;

function halved(level: Level, padding: Padding): Level {
  const work = halving(level, padding);
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

// Pauses after every few rows.
function* halving({ values, columns, rows }: Level, padding: Padding): Generator<void, Level> {
  const width = Math.ceil(columns / 2);
  const height = Math.ceil(rows / 2);
  const smaller = values instanceof Uint8Array ? new Uint8Array(width * height) : new Uint16Array(width * height);
  const byWords = !padding && values instanceof Uint16Array && columns % 2 === 0 && values.byteOffset % 4 === 0;
  const words = byWords ? new Int32Array(values.buffer, values.byteOffset, values.length >> 1) : null;
  for (let from = 0; from < height; from += ROWS_AT_ONCE) {
    const to = Math.min(height, from + ROWS_AT_ONCE);
    if (words) halveWords(words, width, rows, smaller as Uint16Array, from, to);
    else halve(values, columns, rows, smaller, width, from, to);
    if (padding) keepPadding(values, columns, rows, smaller, width, from, to, padding);
    yield;
  }
  return { values: smaller, columns: width, rows: height };
}

// Two stored values in one load, where rows begin at a word: a whole film is read before its first picture, so this is most of the wait.
function halveWords(words: Int32Array, width: number, rows: number, smaller: Uint16Array, from: number, to: number): void {
  for (let y = from, at = from * width; y < to; y += 1) {
    let upper = 2 * y * width;
    let lower = Math.min(2 * y + 1, rows - 1) * width;
    for (const end = at + width; at < end; at += 1, upper += 1, lower += 1) {
      const one = words[upper] as number;
      const other = words[lower] as number;
      smaller[at] = ((one & 0xffff) + (one >>> 16) + (other & 0xffff) + (other >>> 16) + 2) >> 2;
    }
  }
}

function halve(values: Stored, columns: number, rows: number, smaller: Stored, width: number, from: number, to: number): void {
  for (let y = from; y < to; y += 1) {
    const upper = 2 * y * columns;
    const lower = Math.min(2 * y + 1, rows - 1) * columns;
    for (let x = 0, at = y * width; x < width; x += 1, at += 1) {
      const left = 2 * x;
      const right = left + 1 < columns ? left + 1 : left;
      smaller[at] = ((values[upper + left] as number) + (values[upper + right] as number) + (values[lower + left] as number) + (values[lower + right] as number) + 2) >> 2;
    }
  }
}

function keepPadding(values: Stored, columns: number, rows: number, smaller: Stored, width: number, from: number, to: number, [first, last]: readonly [number, number]): void {
  for (let y = from; y < to; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (const row of [2 * y, Math.min(2 * y + 1, rows - 1)]) {
        for (const column of [2 * x, Math.min(2 * x + 1, columns - 1)]) {
          const value = values[row * columns + column] as number;
          if (value >= first && value <= last) smaller[y * width + x] = value;
        }
      }
    }
  }
}
