// GET /api/criticals, GET /api/criticals/{critical_key}: what is open, what people did. Words of colleagues and identity only for roles that may read a study.
import type { Identity } from "./study.ts";

export type State = "open" | "notified" | "acknowledged" | "communicated" | "closed";
export type Acknowledgement = { actor_id: string; acknowledged_at: string; read_back?: string };
export type Communication = { actor_id: string; communicated_at: string; how: string; read_back_confirmed: boolean; to_whom?: string };
export type Closure = { actor_id: string; closed_at: string; reason: string; note?: string };
export type Said = { acknowledgement: Acknowledgement | null; communication: Communication | null };
export type Page = { person_id: string; step: number; state: string; queued_at: string; sent_at: string | null; channel: string; failed: string[] };

export type CriticalResult = Said & Partial<Identity> & {
  critical_key: string;
  study_key: string;
  site: string;
  priority: string;
  reason: string;
  state: State;
  overdue: boolean;
  opened_at: string;
  acknowledge_by: string;
  communicate_by: string;
  next_due_at: string | null;
  steps_taken: number;
  etag: number;
  closure: Closure | null;
  earlier: Said[];
  last_pages: Page[];
  next_duty: string | null;
  names: Record<string, string>;
};

export type Criticals = { view: "open" | "closed"; now: string; criticals: CriticalResult[] };
export type CriticalDetail = CriticalResult & { now: string; pages: Page[] };
