// The list as the server orders it, kept by what it says changed; and which of it a filter leaves. No document here: tested without a browser.
import type { OpenBy, Row, View, Worklist } from "./answers/worklist.ts";
import { personName, visible } from "./format.ts";

export type Filter = { text: string; states: string[]; priorities: string[]; sites: string[] };
export const NO_FILTER: Filter = { text: "", states: [], priorities: [], sites: [] };

export class Store {
  order: Row[] = [];
  cursor = "";
  total = 0;
  sites: string[] = [];
  criticals: Row[] = []; // critical, and acknowledged by nobody
  fresh = new Set<string>(); // arrived with the last answer
  private rows = new Map<string, Row>();

  constructor(readonly view: View) {}

  apply(answer: Worklist): void {
    const before = new Set(this.rows.keys());
    if (answer.complete) {
      this.rows = new Map(answer.studies.map((row) => [row.study_key, row]));
      this.order = answer.studies;
    } else {
      for (const row of answer.studies) this.rows.set(row.study_key, row);
      for (const key of answer.gone) this.rows.delete(key);
      const moved = new Set(answer.taken_out);
      const order = this.order.filter((row) => !moved.has(row.study_key)).map((row) => this.rows.get(row.study_key) ?? row);
      for (const [at, key] of answer.put_in) {
        const row = this.rows.get(key);
        if (row) order.splice(at, 0, row);
      }
      this.order = order;
    }
    this.tellWhoHas(answer.open_by, new Set(answer.awaiting_cosignature));
    this.fresh = new Set(this.cursor === "" ? [] : this.order.map((row) => row.study_key).filter((key) => !before.has(key)));
    this.cursor = answer.cursor;
    this.total = answer.counts[this.view];
    this.sites = [...new Set(this.order.map((row) => row.site))].sort();
    this.criticals = this.order.filter((row) => row.critical && row.unanswered);
  }

  // A row that changes is another object, so that it is drawn again.
  private tellWhoHas(openBy: Record<string, OpenBy>, awaiting: Set<string>): void {
    const changed = (row: Row) => row.open_by?.actor_id !== openBy[row.study_key]?.actor_id || row.open_by?.since !== openBy[row.study_key]?.since || Boolean(row.awaits) !== awaiting.has(row.study_key);
    this.order = this.order.map((row) => {
      if (!changed(row)) return row;
      const told = { ...row, open_by: openBy[row.study_key], awaits: awaiting.has(row.study_key) };
      this.rows.set(row.study_key, told);
      return told;
    });
  }

  has(key: string | null): boolean {
    return key !== null && this.rows.has(key);
  }
}

const haystacks = new WeakMap<Row, string>();

function haystack(row: Row): string {
  let text = haystacks.get(row);
  if (text === undefined) {
    text = [personName(row.patient_name), row.patient_id, row.accession_number, row.reason, row.problem, row.site, row.priority, ...row.views].map((each) => visible(each)).join(" ").toLowerCase();
    haystacks.set(row, text);
  }
  return text;
}

// A study that awaits a co-signature is a queue of its own.
export const stateOf = (row: Row): string => (row.awaits ? "preliminary" : row.state);

export const isFiltered = (filter: Filter): boolean => Boolean(filter.text.trim() || filter.states.length || filter.priorities.length || filter.sites.length);

export function filtered(rows: readonly Row[], filter: Filter): readonly Row[] {
  if (!isFiltered(filter)) return rows;
  const words = filter.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const among = (wanted: string[], value: string) => wanted.length === 0 || wanted.includes(value);
  return rows.filter((row) => among(filter.states, stateOf(row)) && among(filter.priorities, row.priority) && among(filter.sites, row.site) && words.every((word) => haystack(row).includes(word)));
}

// A filter must never hide a critical study silently: how many of them are not among those shown.
export function hiddenCriticals(criticals: readonly Row[], shown: readonly Row[]): number {
  const seen = new Set(shown.filter((row) => row.critical));
  return criticals.filter((row) => !seen.has(row)).length;
}
