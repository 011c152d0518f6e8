import { expect, test } from "vitest";
import type { Row, Worklist } from "../src/answers/worklist.ts";
import { filtered, hiddenCriticals, NO_FILTER, Store } from "../src/worklist_store.ts";

const row = (study_key: string, changes: Partial<Row> = {}): Row => ({ study_key, state: "drafted", revision: 1, priority: "routine", critical: false, received_at: "2026-11-29T10:00:00Z", age_years: 50, sex: "F", site: "north", reason: "", problem: "", views: ["DX PA"], new_images: 0, limit_s: 43200, unanswered: false, held: false, withheld: "", ...changes });
const head = { view: "open", counts: { open: 3, reported: 0, rejected: 0 }, waiting_cap_s: 43200, shown: 3, open_by: {}, awaiting_cosignature: [] } as const;
const whole = (...studies: Row[]): Worklist => ({ ...head, complete: true, cursor: "b.1", studies });
const order = (store: Store) => store.order.map((each) => each.study_key).join("");

function storeOf(...studies: Row[]): Store {
  const store = new Store("open");
  store.apply(whole(...studies));
  return store;
}

test("a change moves, adds, takes away and says anew", () => {
  const store = storeOf(row("a"), row("b"), row("c"));
  store.apply({ ...head, complete: false, cursor: "b.2", gone: ["a"], taken_out: ["a", "c"], put_in: [[0, "c"], [1, "n"]], studies: [row("b", { state: "in_reading" }), row("n")] });
  expect(order(store)).toBe("cnb");
  expect(store.order[2]?.state).toBe("in_reading");
  expect([...store.fresh]).toEqual(["n"]);
  expect([store.has("a"), store.has("n"), store.cursor]).toEqual([false, true, "b.2"]);
});

test("an unchanged row keeps its identity, so that what is drawn of it stays", () => {
  const store = storeOf(row("a"), row("b"));
  const before = store.order[1];
  store.apply({ ...head, complete: false, cursor: "b.2", gone: [], taken_out: ["b"], put_in: [[0, "b"]], studies: [] });
  expect(store.order[0]).toBe(before);
});

test("every word of the filter must be somewhere, and each choice must fit", () => {
  const rows = [row("a", { patient_name: "Okafor^Ngozi", priority: "stat" }), row("b", { patient_name: "Okafor^Ada", site: "south" }), row("c", { reason: "pneumothorax 0.94" })];
  const keys = (filter: Partial<typeof NO_FILTER>) => filtered(rows, { ...NO_FILTER, ...filter }).map((each) => each.study_key).join("");
  expect(keys({})).toBe("abc");
  expect(keys({ text: "okafor  ng" })).toBe("a");
  expect(keys({ text: "PNEUMO" })).toBe("c");
  expect(keys({ sites: ["south"] })).toBe("b");
  expect(keys({ text: "okafor", priorities: ["stat", "asap"] })).toBe("a");
  expect(keys({ states: ["rejected"] })).toBe("");
});

test("critical studies that a filter hides are counted, those somebody took are not", () => {
  const rows = [row("a", { critical: true, unanswered: true }), row("b", { critical: true, unanswered: false }), row("c", { critical: true, unanswered: true, site: "south" })];
  const { criticals } = storeOf(...rows);
  expect(hiddenCriticals(criticals, rows)).toBe(0);
  expect(hiddenCriticals(criticals, filtered(rows, { ...NO_FILTER, sites: ["south"] }))).toBe(1);
  expect(hiddenCriticals(criticals, [])).toBe(2);
});

test("a name is filtered as it is shown: hidden characters are seen, not obeyed", () => {
  const rows = [row("a", { patient_name: "Do\u200be^Jane" })];
  expect(filtered(rows, { ...NO_FILTER, text: "doe" })).toEqual([]);
});

test("a study that awaits a co-signature is a queue of its own", () => {
  const store = new Store("open");
  store.apply({ ...head, complete: true, cursor: "1", studies: [row("one", { state: "in_reading" }), row("two", { state: "in_reading" })], awaiting_cosignature: ["two"] });
  const of = (state: string) => filtered(store.order, { ...NO_FILTER, states: [state] }).map((each) => each.study_key);
  expect([of("in_reading"), of("preliminary")]).toEqual([["one"], ["two"]]);
  store.apply({ ...head, complete: false, cursor: "2", gone: [], taken_out: [], put_in: [], studies: [] });
  expect(of("preliminary")).toEqual([]);
});

test("who has a study open is told on its row alone, and taken back when they leave", () => {
  const store = new Store("open");
  const [one, two] = [row("one"), row("two")];
  store.apply({ ...head, complete: true, cursor: "1", studies: [one, two] });
  store.apply({ ...head, complete: false, cursor: "2", gone: [], taken_out: [], put_in: [], studies: [], open_by: { two: { actor_id: "lee", name: "Dr. Lee", since: "2026-11-29T12:00:00Z" } } });
  expect(store.order.map((each) => each.open_by?.name)).toEqual([undefined, "Dr. Lee"]);
  expect(store.order[0]).toBe(one);
  store.apply({ ...head, complete: false, cursor: "3", gone: [], taken_out: [], put_in: [], studies: [] });
  expect(store.order[1]?.open_by).toBeUndefined();
});
