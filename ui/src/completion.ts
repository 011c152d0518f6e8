// What Tab writes: a macro's text for its name, or the rest of a sentence that was begun. No document here: tested without a browser.
import type { Macro } from "./answers/reading.ts";

export type Completion = { start: number; stop: number; text: string };

const FEWEST = 3;

// Of the text up to the caret: from where to where it is replaced, and by what; null where Tab has nothing to write.
export function completion(text: string, caret: number, macros: readonly Macro[], sentences: readonly string[]): Completion | null {
  const before = text.slice(0, caret);
  const name = /(?:^|\s)(\.[a-z0-9_]{1,32})$/.exec(before)?.[1];
  const macro = name && macros.find((each) => each.name === name);
  if (macro) return { start: caret - macro.name.length, stop: caret, text: macro.text };
  const begun = /(?:^|[.!?]\s+|\n)([^.!?\n]*)$/.exec(before)?.[1] ?? "";
  if (begun.trim().length < FEWEST) return null;
  const whole = sentences.find((each) => each.length > begun.length && each.toLowerCase().startsWith(begun.toLowerCase()));
  return whole ? { start: caret - begun.length, stop: caret, text: whole } : null;
}

// A person's own macro stands before the site's of that name.
export const together = (mine: readonly Macro[], site: readonly Macro[]): Macro[] => [...mine, ...site.filter((each) => !mine.some((own) => own.name === each.name))];

// ".nl = The lungs are clear.", one a line.
export function macrosFrom(lines: string): Macro[] {
  return lines.split("\n").map((line) => /^\s*(\.[a-z0-9_]{1,32})\s*=\s*(.+?)\s*$/.exec(line)).flatMap((found) => (found?.[1] && found[2] ? [{ name: found[1], text: found[2] }] : []));
}
