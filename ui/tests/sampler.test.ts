import { expect, test } from "vitest";
import { Sampler } from "../src/film/sampler.ts";
import { centred, matrixOf, placed, sidesOf, unplaced, zoomed } from "../src/film/view.ts";

const film = Uint16Array.from({ length: 12 }, (_, at) => at * 10); // 3 rows, 4 columns
const still = { scale: 1, centre: { x: 0, y: 0 }, quarters: 0, mirrored: false };

test("one film pixel on one screen pixel is the stored value", () => {
  const sampled = new Sampler(film, 3, 4, null).sample({ a: 1, b: 0, c: 0, d: 1, e: 1, f: 2 }, 6, 6);
  expect([sampled.left, sampled.right, sampled.top, sampled.bottom]).toEqual([1, 5, 2, 5]);
  expect([...sampled.values.slice(2 * 6 + 1, 2 * 6 + 5)]).toEqual([0, 10, 20, 30]);
});

test("turned by a quarter, the first row is the right edge", () => {
  const m = matrixOf({ ...still, centre: { x: 1.5, y: 2 }, quarters: 1 }, { width: 4, height: 3 }, 1);
  const { values } = new Sampler(film, 3, 4, null).sample(m, 3, 4);
  expect([values[2], values[5], values[8], values[11]]).toEqual([0, 10, 20, 30]);
});

test("mirrored, rows run the other way", () => {
  const m = matrixOf({ ...still, centre: { x: 2, y: 1.5 }, mirrored: true }, { width: 4, height: 3 }, 1);
  expect([...new Sampler(film, 3, 4, null).sample(m, 4, 3).values.slice(0, 4)]).toEqual([30, 20, 10, 0]);
});

test("a small view averages", () => {
  const m = matrixOf({ ...still, scale: 0.5, centre: { x: 1, y: 1 } }, { width: 4, height: 4 }, 1);
  const four = Uint16Array.from({ length: 16 }, (_, at) => (at % 2) * 100);
  expect([...new Sampler(four, 4, 4, null).sample(m, 2, 2).values]).toEqual([50, 50, 50, 50]);
});

test("padding is never weighed with image", () => {
  const values = Uint16Array.from([0, 1000, 0, 1000]);
  const { values: shown } = new Sampler(values, 2, 2, [0, 0]).sample({ a: 4, b: 0, c: 0, d: 4, e: 0, f: 0 }, 8, 8);
  expect(new Set(shown)).toEqual(new Set([0, 1000]));
});

test("a place on the film comes back from the screen, however it is turned", () => {
  for (const quarters of [0, 1, 2, 3]) {
    for (const mirrored of [false, true]) {
      const m = matrixOf({ scale: 0.7, centre: { x: 200, y: 100 }, quarters, mirrored }, { width: 400, height: 300 }, 1.3);
      const back = unplaced(m, placed(m, { x: 120, y: 33 }));
      expect([back.x, back.y]).toEqual([expect.closeTo(120, 9), expect.closeTo(33, 9)]);
    }
  }
});

test("what is under the pointer stays under it", () => {
  const size = { width: 400, height: 300 };
  const view = centred(still, 1, { width: 400, height: 300 });
  const at = { x: 50, y: 60 };
  const before = unplaced(matrixOf(view, size, 1), at);
  const after = unplaced(matrixOf(zoomed(view, 2, at), size, 1), at);
  expect([after.x, after.y]).toEqual([expect.closeTo(before.x, 9), expect.closeTo(before.y, 9)]);
});

test("letters follow the film when it is turned and mirrored", () => {
  expect(sidesOf(["L", "F"], still)).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
  expect(sidesOf(["L", "F"], { ...still, mirrored: true })).toEqual({ left: "L", right: "R", top: "H", bottom: "F" });
  expect(sidesOf(["L", "F"], { ...still, quarters: 1 })).toEqual({ left: "F", right: "H", top: "R", bottom: "L" });
  expect(sidesOf([], still)).toBeNull();
});

test("two values at a time average as one at a time does", () => {
  const values = Uint16Array.from({ length: 7 * 10 }, (_, at) => (at * 7919) % 65536);
  const wide = Uint16Array.from({ length: 7 * 11 }, (_, at) => (at % 11 < 10 ? (values[Math.floor(at / 11) * 10 + (at % 11)] ?? 0) : 0));
  const m = { a: 0.5, b: 0, c: 0, d: 0.5, e: 0, f: 0 };
  const fast = new Sampler(values, 7, 10, null).sample(m, 5, 3).values;
  const slow = new Sampler(wide, 7, 11, null).sample(m, 5, 3).values;
  expect([...fast]).toEqual([...slow]);
});
