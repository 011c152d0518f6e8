import { expect, test } from "vitest";
import type { FilmFacts } from "../src/answers/film.ts";
import { angle, label, length, ratio, sentence } from "../src/film/measure.ts";
import { barOf, scaleOf } from "../src/film/scale.ts";

const bare = { pixel_spacing_mm: null, imager_pixel_spacing_mm: null, calibration_type: "", calibration_description: "", magnification: null } as unknown as FilmFacts;
const scale = scaleOf({ ...bare, imager_pixel_spacing_mm: [0.2, 0.1] });
const at = (x: number, y: number) => ({ x, y });

test("a length weighs rows and columns by their own spacing", () => {
  expect(length(at(0, 0), at(30, 20), scale)).toBeCloseTo(5, 12);
  expect(label({ kind: "ruler", points: [at(0, 0), at(30, 20)], text: "" }, scale)).toBe("5.0 mm");
});

test("an angle is measured in millimetres, not in pixels", () => {
  expect(angle([at(10, 0), at(0, 0), at(0, 5)], scale)).toBeCloseTo(90, 9);
  expect(angle([at(10, 0), at(0, 0), at(10, 5)], scale)).toBeCloseTo(45, 9);
});

test("a cardiothoracic ratio is of widths across, whatever the slope", () => {
  const points = [at(100, 0), at(200, 40), at(50, 10), at(250, 90)];
  expect(ratio(points)).toBe(0.5);
  expect(sentence({ kind: "ratio", points, text: "" }, scale)).toBe("Cardiothoracic ratio 0.50 (heart 10.0 mm, chest 20.0 mm).");
  expect(label({ kind: "ratio", points: [at(0, 0), at(1, 0), at(5, 0), at(5, 9)], text: "" }, scale)).toBe("CTR: no chest width");
});

test("whose millimetres they are is said", () => {
  expect(scaleOf({ ...bare, pixel_spacing_mm: [0.1, 0.1], imager_pixel_spacing_mm: [0.15, 0.15], calibration_type: "FIDUCIAL", calibration_description: "coin" })).toEqual({ row: 0.1, column: 0.1, unit: "mm", basis: "calibrated by an object of known size: coin" });
  expect(scaleOf({ ...bare, pixel_spacing_mm: [0.15, 0.15], imager_pixel_spacing_mm: [0.15, 0.15] }).basis).toBe("at the detector, not corrected for magnification");
  expect(scaleOf({ ...bare, imager_pixel_spacing_mm: [0.15, 0.15], magnification: 1.5 })).toMatchObject({ row: expect.closeTo(0.1, 12), basis: "at the detector, divided by the estimated magnification 1.50" });
  expect(scaleOf({ ...bare, pixel_spacing_mm: [0.2, 0.2] }).basis).toBe("calibration not stated");
  expect(scaleOf(bare)).toEqual({ row: 1, column: 1, unit: "px", basis: "the film states no size of a pixel" });
});

test("a scale bar is round and fits", () => {
  expect(barOf(4, 130)).toEqual({ length: 20, px: 80 });
  expect(barOf(0.7, 130)).toEqual({ length: 100, px: 70 });
});
