// The looks a reader can call by key: what the file states, then windows measured on this very film, because stored values of radiographs have no common scale.
import type { Window } from "../answers/film.ts";
import { type Look, spread, windowOfLut } from "./grey.ts";
import type { FilmPixels } from "./pixels.ts";
import { t } from "../catalogue.ts";

const exact = (low: number, high: number): Window => ({ center: (low + high) / 2, width: Math.max(high - low, 1e-6), function: "LINEAR_EXACT", explanation: "" });

export function presetsOf(film: FilmPixels): Look[] {
  const { facts, modality, voiLut } = film;
  const stated: Look[] = facts.windows.map((window, at) => ({ window, lut: false, name: window.explanation || (facts.windows_stated ? (facts.windows.length > 1 ? t("preset.as_in_the_file", { at: at + 1 }) : t("preset.as_in_the_file_2")) : t("preset.the_file_states_none_stretched")) }));
  const tables: Look[] = voiLut ? [{ window: windowOfLut(modality, voiLut), lut: true, name: facts.voi_lut_explanation || t("preset.as_in_the_file_look") }] : [];
  return [...tables, ...stated];
}

const known = new WeakMap<FilmPixels, Look[]>();

// Keys 1 to 5, measured once for each film.
export function byKey(film: FilmPixels): Look[] {
  const looks = known.get(film) ?? measured(film);
  known.set(film, looks);
  return looks;
}

// Air is dark after inversion: of a film whose greatest value is black, "lung" is the brighter half of the values.
function measured(film: FilmPixels): Look[] {
  const [own = { name: "as in the file", lut: false, window: exact(0, 1) }] = presetsOf(film);
  const all = spread(film, 0.998);
  const middle = spread(film, 0.9);
  const range = middle.high - middle.low;
  const part = (from: number, to: number) => (film.facts.inverted ? exact(middle.high - to * range, middle.high - from * range) : exact(middle.low + from * range, middle.low + to * range));
  return [
    own,
    { name: "lung", lut: false, window: part(-0.05, 0.62) },
    { name: "bone, hard", lut: false, window: part(0.45, 1.1) },
    { name: "soft", lut: false, window: part(-0.3, 1.3) },
    { name: "full range", lut: false, window: exact(all.low, all.high) },
  ];
}
