// From stored value to grey: PS3.3 §C.11.2 windows and VOI LUTs, inversion and padding in one table. Pure.
import type { Window } from "../answers/film.ts";
import type { FilmPixels } from "./pixels.ts";

// What a film is shown through: the file's own look-up table, or a window in modality values.
export type Look = { name: string; window: Window; lut: boolean };

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

// PS3.3 §C.11.2.1.2, §C.11.2.1.3: a modality value through a window, 0..1.
export function windowed(value: number, { center, width, function: kind }: Window): number {
  if (kind === "SIGMOID") return 1 / (1 + Math.exp(clamp((-4 * (value - center)) / width, -700, 700)));
  if (kind === "LINEAR_EXACT") return width > 0 ? clamp((value - center) / width + 0.5, 0, 1) : value > center ? 1 : 0;
  if (width <= 1) return value > center - 0.5 ? 1 : 0;
  return clamp((value - (center - 0.5)) / (width - 1) + 0.5, 0, 1);
}

// One opaque grey pixel (0xAABBGGRR) per stored value. `inverted` is the reader's wish on top of what the film's interpretation asks for.
export function greyTable({ facts, modality, voiLut }: FilmPixels, look: Look, inverted: boolean): Uint32Array {
  const table = new Uint32Array(modality.length);
  const dark = facts.inverted !== inverted;
  const [first, last] = facts.padding ?? [1, 0];
  for (let stored = 0; stored < table.length; stored += 1) {
    const shown = look.lut && voiLut ? (voiLut[stored] ?? 0) : windowed(modality[stored] ?? 0, look.window);
    const grey = stored >= first && stored <= last ? 0 : Math.floor((dark ? 1 - shown : shown) * 255 + 0.5);
    table[stored] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return table;
}

// Where a film's own look-up table rises from its least to its greatest value, as a window to go on from by hand.
export function windowOfLut(modality: Float32Array, lut: Float32Array): Window {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let stored = 0; stored < lut.length; stored += 1) {
    const shown = lut[stored] ?? 0;
    if (shown <= 0.02 || shown >= 0.98) continue;
    low = Math.min(low, modality[stored] ?? 0);
    high = Math.max(high, modality[stored] ?? 0);
  }
  if (!(high > low)) return { center: ((modality[0] ?? 0) + (modality.at(-1) ?? 0)) / 2, width: Math.abs((modality.at(-1) ?? 0) - (modality[0] ?? 0)) || 1, function: "LINEAR_EXACT", explanation: "" };
  return { center: (low + high) / 2, width: high - low, function: "LINEAR_EXACT", explanation: "" };
}

export type Spread = { low: number; high: number };

// The modality values between which `share` of the film's image lies; of large films every nth pixel of every nth row is looked at.
export function spread({ facts, stored, modality }: FilmPixels, share: number): Spread {
  const counts = new Uint32Array(modality.length);
  const [first, last] = facts.padding ?? [1, 0];
  const step = Math.max(1, Math.min(facts.rows, facts.columns) >> 8);
  let all = 0;
  for (let row = 0; row < facts.rows; row += step) {
    for (let at = row * facts.columns, end = at + facts.columns; at < end; at += step) {
      const value = stored[at] ?? 0;
      if (value >= first && value <= last) continue;
      counts[value] = (counts[value] ?? 0) + 1;
      all += 1;
    }
  }
  const ends = [(all * (1 - share)) / 2, (all * (1 + share)) / 2].map((limit) => {
    let seen = 0;
    for (let value = 0; value < counts.length; value += 1) if ((seen += counts[value] ?? 0) >= Math.max(1, limit)) return modality[value] ?? 0;
    return modality.at(-1) ?? 0;
  });
  const [one = 0, other = 0] = ends;
  return { low: Math.min(one, other), high: Math.max(one, other) };
}
