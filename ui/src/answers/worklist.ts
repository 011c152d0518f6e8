// GET /api/worklist: studies in reading order, or what changed since a cursor; identity only for roles that may read a study.
import type { Identity, Study } from "./study.ts";

export type View = "open" | "reported" | "rejected";

// `limit_s`: how long it may wait; `unanswered`: critical, and nobody has acknowledged it; `new_images`: came after it was signed; `held`: a doubt about its patient stops the signature; `withheld`: why the AI's words are kept from this reader, or nothing.
export type Row = Study & { reason: string; problem: string; views: string[]; new_images: number; limit_s: number; unanswered: boolean; held: boolean; withheld: string; open_by?: OpenBy | undefined; awaits?: boolean } & Partial<Identity>;

// Who has a study open for writing, and since when.
export type OpenBy = { actor_id: string; name: string; since: string };
// `awaiting_cosignature`: a resident signed these, and no radiologist has begun to.
type Head = { open_by: Record<string, OpenBy>; awaiting_cosignature: readonly string[]; view: View; cursor: string; counts: Record<View, number>; waiting_cap_s: number; shown: number; studies: Row[] };
export type Whole = Head & { complete: true };
// Take out `taken_out`, then put each of `put_in` at its index, in order; `studies` are the rows that are new or other.
export type Change = Head & { complete: false; gone: string[]; taken_out: string[]; put_in: [number, string][] };
export type Worklist = Whole | Change;

// GET /api/worklist/places/{study_key}
export type Place = { place: number; of: number; why: string; waiting_s: number; limit_s: number; overdue: boolean; over_cap: boolean; unanswered: boolean };

// POST /api/worklist/search
export type Found = { truncated: boolean; studies: Row[] };

// GET, PUT /api/worklist/views
export type SavedView = { name: string; view: View; states: string[]; priorities: string[]; sites: string[] };
export type SavedViews = { views: SavedView[] };
