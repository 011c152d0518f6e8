import { expect, test } from "vitest";
import { Pace } from "../src/film/pace.ts";
import { covered } from "../src/film/view.ts";

const move = (pace: Pace, every_ms: number, frames: number) => {
  for (let at = 0; at < frames; at += 1) pace.frame(1 + at * every_ms);
  pace.rest();
};

test("a machine that keeps up draws every pixel", () => {
  const pace = new Pace();
  move(pace, 16, 100);
  expect(pace.coarse).toBe(1);
});

test("one slow frame is forgiven, two in a row are not, and there is an end to it", () => {
  const pace = new Pace();
  for (const now of [1, 17, 90, 106, 122]) pace.frame(now);
  expect(pace.coarse).toBe(1);
  for (const now of [200, 280]) pace.frame(now);
  expect(pace.coarse).toBe(2);
  move(pace, 200, 50);
  expect(pace.coarse).toBe(4);
});

test("the pause between two movements is no slow frame, and after a quick one it is finer", () => {
  const pace = new Pace();
  move(pace, 100, 4);
  expect(pace.coarse).toBe(2);
  move(pace, 16, 30);
  expect(pace.coarse).toBe(1);
});

test("what a film covers of a pane, in whole pixels, however far it was pushed out", () => {
  const film = { width: 10, height: 20 };
  const pane = { width: 30, height: 30 };
  const at = (e: number, f: number) => covered({ a: 1, b: 0, c: 0, d: 1, e, f }, film, pane);
  expect(at(3.5, 2)).toEqual({ left: 3, top: 2, width: 11, height: 20 });
  expect(at(-4, 25)).toEqual({ left: 0, top: 25, width: 6, height: 5 });
  expect(at(100, -100)).toEqual({ left: 29, top: 0, width: 1, height: 1 });
  expect(covered({ a: 0, b: 1, c: -1, d: 0, e: 25, f: 1 }, film, pane)).toEqual({ left: 5, top: 1, width: 20, height: 10 });
});
