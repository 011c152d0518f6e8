import { expect, test } from "vitest";
import { greyTable, type Look, windowed } from "../src/film/grey.ts";
import type { FilmPixels } from "../src/film/pixels.ts";
import { Sampler } from "../src/film/sampler.ts";
import { byKey } from "../src/film/presets.ts";

const facts: FilmPixels["facts"] = { rows: 16, columns: 16, bits_stored: 8, photometric_interpretation: "MONOCHROME2", inverted: false, padding: null, windows: [{ center: 128, width: 256, function: "LINEAR", explanation: "" }], windows_stated: true, voi_lut_explanation: "", pixel_spacing_mm: null, imager_pixel_spacing_mm: null, calibration_type: "", calibration_description: "", magnification: null, burned_in_annotation: "", view_position: "", image_laterality: "", patient_orientation: [], lossy: false };
const stored = Uint8Array.from({ length: 256 }, (_, at) => at);
const film: FilmPixels = { facts, stored, sampler: new Sampler(stored, 16, 16, null), modality: Float32Array.from({ length: 256 }, (_, at) => at), voiLut: null };
const look = (changes: Partial<Look["window"]>): Look => ({ name: "", lut: false, window: { center: 128, width: 256, function: "LINEAR", explanation: "", ...changes } });
const grey = (table: Uint32Array, stored: number) => (table[stored] as number) & 0xff;

test("windows are PS3.3 C.11.2's", () => {
  expect(windowed(2047.5, { center: 2048, width: 4096, function: "LINEAR", explanation: "" })).toBe(0.5);
  expect(windowed(0, { center: 2048, width: 4096, function: "LINEAR", explanation: "" })).toBe(0);
  expect(windowed(4095, { center: 2048, width: 4096, function: "LINEAR", explanation: "" })).toBe(1);
  expect(windowed(2048, { center: 2048, width: 4096, function: "LINEAR_EXACT", explanation: "" })).toBe(0.5);
  expect(windowed(3072, { center: 2048, width: 4096, function: "SIGMOID", explanation: "" })).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  expect(windowed(-1e9, { center: 0, width: 1, function: "SIGMOID", explanation: "" })).toBe(1 / (1 + Math.exp(700)));
});

test("an 8-bit film through its full window is itself, and inverted the other way round", () => {
  const table = greyTable(film, look({}), false);
  expect([0, 1, 127, 254, 255].map((stored) => grey(table, stored))).toEqual([0, 1, 127, 254, 255]);
  expect(grey(greyTable(film, look({}), true), 0)).toBe(255);
  expect(grey(greyTable({ ...film, facts: { ...facts, inverted: true } }, look({}), true), 0)).toBe(0);
});

test("padding is black, inverted or not", () => {
  const padded = { ...film, facts: { ...facts, padding: [255, 255] as [number, number] } };
  expect(grey(greyTable(padded, look({}), false), 255)).toBe(0);
  expect(grey(greyTable(padded, look({}), true), 255)).toBe(0);
});

test("lung is where air is: low values, or high ones of a film that is shown inverted", () => {
  const [, lung, bone] = byKey(film);
  const [, inverse] = byKey({ ...film, facts: { ...facts, inverted: true } });
  expect(lung?.window.center).toBeLessThan(bone?.window.center ?? 0);
  expect(inverse?.window.center).toBeGreaterThan(128);
});
