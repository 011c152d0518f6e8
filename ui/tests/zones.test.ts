import { expect, test } from "vitest";
import { fromField, instantsOf, toField, wallOf } from "../src/zones.ts";

test("the hour that spring leaves out has no instant, the one that autumn repeats has two", () => {
  expect(instantsOf(fromField("2026-03-29T02:30"), "Europe/Berlin")).toEqual([]);
  expect(instantsOf(fromField("2026-10-25T02:30"), "Europe/Berlin")).toEqual([Date.parse("2026-10-25T00:30:00Z"), Date.parse("2026-10-25T01:30:00Z")]);
});

test("an instant comes back from its wall clock", () => {
  const instant = Date.parse("2026-07-01T12:00:00Z");
  expect(toField(instant, "Asia/Kolkata")).toBe("2026-07-01T17:30");
  expect(instantsOf(wallOf(instant, "Asia/Kolkata"), "Asia/Kolkata")).toEqual([instant]);
});
