import { expect, test } from "vitest";
import type { Protocol } from "../src/answers/hanging.ts";
import { choose, filmFor, possible } from "../src/film/hanging.ts";

const protocols: Protocol[] = [
  { name: "hard", when: { findings: ["pneumothorax"] }, panes: [{ show: "current", preset: 3 }] },
  { name: "prior", when: { views: ["PA", "AP"], least_priors: 1, least_width_px: 1200 }, panes: [{ show: "current" }, { show: "prior", prior: 1 }] },
  { name: "one", when: {}, panes: [{ show: "current" }] },
];
const known = { views: ["PA"], priors: 1, width_px: 1300, findings: [] };

test("the first that fits is chosen", () => {
  expect(choose(protocols, known)?.name).toBe("prior");
  expect(choose(protocols, { ...known, findings: ["pneumothorax"] })?.name).toBe("hard");
  expect(choose(protocols, { ...known, priors: 0 })?.name).toBe("one");
  expect(choose(protocols, { ...known, width_px: 800 })?.name).toBe("one");
  expect(choose(protocols, { ...known, views: ["LL"] })?.name).toBe("one");
});

test("a reader may switch to whatever there are films for", () => {
  expect(possible(protocols, { ...known, width_px: 800 }).map((each) => each.name)).toEqual(["hard", "prior", "one"]);
  expect(possible(protocols, { ...known, priors: 0 }).map((each) => each.name)).toEqual(["hard", "one"]);
});

test("a pane takes the film of its view", () => {
  const films = [{ view_position: "PA" }, { view_position: "LL" }];
  expect(filmFor({ show: "current", views: ["LL"] }, films, films[0])).toBe(films[1]);
  expect(filmFor({ show: "current", views: ["AP"] }, films, films[0])).toBe(films[0]);
});
