import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FilmMarks, StudyMarks } from "../src/answers/marks.ts";
import { KeptMarks } from "../src/film/kept_marks.ts";
import type { Mark } from "../src/film/measure.ts";

const ruler: Mark = { kind: "ruler", points: [{ x: 1, y: 2 }, { x: 30.5, y: 4 }], text: "" };
const stored: StudyMarks = {
  mine: { reader_id: "me", reader_name: "Me", version: 1, saved_at: "", films: [{ instance_key: "a", marks: [{ kind: "ruler", points: [[1, 2], [30.5, 4]], text: "" }] }] },
  others: [{ reader_id: "you", reader_name: "Dr. You", version: 1, saved_at: "", films: [{ instance_key: "a", marks: [{ kind: "arrow", points: [[5, 5], [9, 9]], text: "here" }] }] }],
};
const nothing: StudyMarks = { mine: null, others: [] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function kept(marks = nothing, refuses = 0) {
  const sent: FilmMarks[][] = [];
  const told: boolean[] = [];
  const each = new KeptMarks(() => told.push(each.problem));
  each.take("study", ["a", "b"], marks, async (films) => {
    if (refuses-- > 0) throw new Error("away");
    sent.push(films);
  });
  return { each, sent, told };
}

test("what was stored comes back, one's own to work on and others' with their names", () => {
  const { each, sent } = kept(stored);
  expect(each.of("a")).toEqual([ruler]);
  expect(each.othersOf("a").map(({ mark, who }) => [mark.text, who])).toEqual([["here", "Dr. You"]]);
  each.keep("a", each.of("a"));
  vi.runAllTimers();
  expect(sent).toEqual([]);
});

test("changes are sent once it is quiet, without what is half drawn or has no words yet", async () => {
  const { each, sent } = kept();
  each.keep("a", [ruler, { kind: "angle", points: [{ x: 1, y: 1 }], text: "" }]);
  each.keep("b", [{ kind: "arrow", points: [{ x: 1, y: 1 }, { x: 2, y: 2 }], text: "" }]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(sent).toEqual([[{ instance_key: "a", marks: [{ kind: "ruler", points: [[1, 2], [30.5, 4]], text: "" }] }]]);
  each.keep("a", []);
  await each.flush();
  expect(sent.at(-1)).toEqual([]);
});

test("what cannot be stored is tried again and said", async () => {
  const { each, sent, told } = kept(nothing, 1);
  each.keep("a", [ruler]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([each.problem, sent.length]).toEqual([true, 0]);
  await vi.advanceTimersByTimeAsync(5000);
  expect([each.problem, sent.length, told]).toEqual([false, 1, [true, false]]);
});

test("a refresh of the same study takes nothing away, and marks never go to another one", async () => {
  const { each, sent } = kept();
  each.keep("a", [ruler]);
  each.take("study", ["a", "b"], stored, async (films) => void sent.push(films));
  expect(each.of("a")).toEqual([ruler]);
  expect(each.othersOf("a")).toHaveLength(1);
  each.take("other", ["c"], nothing, async (films) => void sent.push(films));
  each.keep("a", [ruler, ruler]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toEqual([]);
});
