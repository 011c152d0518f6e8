// What a person changed against the draft, word by word (longest common subsequence); blanks between words are no change. No document here: tested without a browser.
export type Piece = { kind: "same" | "added" | "removed"; text: string };

export function wordDiff(before: string, after: string): Piece[] {
  const [a, b] = [tokens(before), tokens(after)];
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

const same = (one: string | undefined, other: string | undefined): boolean => one?.trim() === other?.trim();
const tokens = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];
