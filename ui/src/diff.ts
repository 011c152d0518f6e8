// What changed between two texts (longest common subsequence): of prose word by word, where blanks between words are no change; of a file line by line, where they are. No document here: tested without a browser.
export type Piece = { kind: "same" | "added" | "removed"; text: string };

export const wordDiff = (before: string, after: string): Piece[] => diff(tokens(before), tokens(after), (one, other) => one?.trim() === other?.trim());
export const lineDiff = (before: string, after: string): Piece[] => diff(lines(before), lines(after), (one, other) => one === other);

function diff(a: string[], b: string[], same: (one: string | undefined, other: string | undefined) => boolean): Piece[] {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = same(a[i], b[j]) ? (longest[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
  const pieces: Piece[] = [];
  const put = (kind: Piece["kind"], text: string) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [was, is] = [a[i], b[j]];
    if (is !== undefined && same(was, is)) (put("same", is), i++, j++);
    else if (is === undefined || (was !== undefined && (longest[(i + 1) * width + j] ?? 0) >= (longest[i * width + j + 1] ?? 0))) (put("removed", was ?? ""), i++);
    else (put("added", is), j++);
  }
  return pieces;
}

const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const tokens = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];
