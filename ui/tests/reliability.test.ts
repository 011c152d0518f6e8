import { expect, test } from "vitest";
import { shareText } from "../src/reliability.ts";

test("a share says of how many films and where, with its interval", () => {
  const share = { scope: "site", basis: "naive", from: 0.6, to: 0.7, n: 1412, had: 438, low: 0.286, high: 0.335 } as const;
  expect(shareText(share)).toBe("at this site, of 100 films with this score 31 had it (29 to 34); n\u00a0=\u00a01,412");
  expect(shareText({ ...share, scope: "all" })).toMatch(/^at all sites, of 100 films/);
});

test("too few films say their number and no share", () => {
  expect(shareText({ scope: "few", n: 7 })).toBe("too few signed films like this to say: n\u00a0=\u00a07");
});
