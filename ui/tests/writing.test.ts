import { expect, test } from "vitest";
import type { Sentence } from "../src/answers/study.ts";
import { completion, macrosFrom, together } from "../src/completion.ts";
import { lineDiff, wordDiff } from "../src/diff.ts";
import { offerFor, standing, withBlank } from "../src/sentences.ts";

const sentence = (text: string, finding: string | null = null, section = "findings"): Sentence => ({ id: text, section, text, hedge: "", evidence: [{ source: "model", finding, probability: 0.8, threshold: 0.5, days_before: null }] });
const [one, two] = [sentence("Left effusion.", "effusion"), sentence("No pneumothorax.", "pneumothorax")];

test("sentences stand where they are word for word, in their order", () => {
  const found = standing("Left effusion. Mine. No pneumothorax.", [one, two]);
  expect(found.map(({ start, stop }) => [start, stop])).toEqual([[0, 14], [21, 37]]);
  expect(standing("Left effusion, small. No pneumothorax.", [one, two]).map((each) => each.sentence)).toEqual([two]);
});

test("a sentence goes with one blank", () => {
  const text = "A. Left effusion. B.";
  const { start, stop } = withBlank(text, { start: 3, stop: 17 });
  expect(text.slice(0, start) + text.slice(stop)).toBe("A. B.");
  const last = withBlank("A. B.", { start: 3, stop: 5 });
  expect("A. B.".slice(0, last.start) + "A. B.".slice(last.stop)).toBe("A.");
});

test("a verdict offers the sentence that it calls for, and none where the text says it", () => {
  const effusion = { name: "effusion", display: "pleural effusion", laterality: "left" };
  expect(offerFor(effusion, true, "", [one])).toEqual({ act: "add", sentence: "Left effusion." });
  expect(offerFor(effusion, true, "", [])).toEqual({ act: "add", sentence: "Left pleural effusion." });
  expect(offerFor(effusion, true, "Small left pleural effusion.", [one])).toBeNull();
  expect(offerFor(effusion, true, "Left effusion.", [one])).toBeNull();
  expect(offerFor(effusion, false, "Left effusion.", [one])).toEqual({ act: "remove", sentence: "Left effusion." });
  expect(offerFor(effusion, false, "Clear.", [one])).toBeNull();
});

test("Tab writes a macro for its name, and the rest of a sentence that was begun", () => {
  const macros = [{ name: ".nl", text: "The lungs are clear." }];
  const written = (text: string, sentences: string[] = []) => {
    const found = completion(text, text.length, macros, sentences);
    return found && text.slice(0, found.start) + found.text;
  };
  expect(written("Heart normal. .nl")).toBe("Heart normal. The lungs are clear.");
  expect(written("e.nl")).toBeNull();
  expect(written(".nx")).toBeNull();
  expect(written("Heart normal. no pne", ["No pneumothorax."])).toBe("Heart normal. No pneumothorax.");
  expect(written("No", ["No pneumothorax."])).toBeNull();
  expect(written("No pneumothorax.", ["No pneumothorax."])).toBeNull();
});

test("macros are one a line, and one's own stand before the site's", () => {
  const mine = macrosFrom(".nl = Mine.\nno macro\n.X = no\n .nh =  Heart normal. ");
  expect(mine).toEqual([{ name: ".nl", text: "Mine." }, { name: ".nh", text: "Heart normal." }]);
  expect(together(mine, [{ name: ".nl", text: "The site's." }, { name: ".ab", text: "B." }]).map((each) => each.text)).toEqual(["Mine.", "Heart normal.", "B."]);
});

test("what was changed is told word by word and loses nothing of either text", () => {
  const [before, after] = ["Left effusion. No pneumothorax.", "Small left effusion. No pneumothorax. Mine."];
  const pieces = wordDiff(before, after);
  expect(pieces.filter((each) => each.kind !== "added").map((each) => each.text).join("").trim().replace(/\s+/g, " ")).toBe(before);
  expect(pieces.filter((each) => each.kind !== "removed").map((each) => each.text).join("")).toBe(after);
  expect(wordDiff(before, before)).toEqual([{ kind: "same", text: before }]);
  expect(wordDiff("", "")).toEqual([]);
});

test("a file is compared line by line, and a blank is a change", () => {
  expect(lineDiff("a: 1\n  b: 2\n", "a: 1\n b: 2\n")).toEqual([{ kind: "same", text: "a: 1\n" }, { kind: "removed", text: "  b: 2\n" }, { kind: "added", text: " b: 2\n" }]);
  expect(lineDiff("one\ntwo", "one\ntwo")).toEqual([{ kind: "same", text: "one\ntwo" }]);
});
