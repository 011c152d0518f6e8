// GET /api/worklist: studies in reading order; identity only for roles that may read a study, places only of those to read.
import type { Identity, Study } from "./study.ts";

export type View = "open" | "reported" | "rejected";

export type Place = { place: number; why_here: string; waiting_s: number; limit_s: number; overdue: boolean; over_cap: boolean; unanswered: boolean };

export type Row = Study & { reason: string; problem: string } & Partial<Identity> & Partial<Place>;

export type Worklist = { view: View; counts: Record<View, number>; waiting_cap_s: number; truncated: boolean; studies: Row[] };
