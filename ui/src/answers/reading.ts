// How a person reads a study: the part `reading` of GET /api/studies/{study_key}, and GET /api/reader.
import type { ReportContent } from "./study.ts";

export type Mode = "concurrent" | "second_reader" | "ai_off";
export type Withheld = "" | "until_commit" | "ai_off" | "adjudication";
export type Presence = "positive" | "negative" | "uncertain";
export type OwnFinding = { name: string; presence: Presence; laterality: string; confidence_percent: number | null };
export type Agreement = "agree" | "ai_only" | "reader_only" | "side" | "unsure";
export type Difference = { name: string; display: string; agreement: Agreement; said: OwnFinding | null; called: boolean | null; laterality: string };

export type HowRead = {
  mode: Mode;
  withheld: Withheld;
  asked: string[];
  own: { committed_at: string; blind: boolean; told: string; findings: OwnFinding[] } | null;
  revealed_at: string | null;
  begun_at: string | null;
  differences: Difference[];
};

export type Lock = { holder_id: string; holder_name: string; screen: string; taken_at: string; expires_at: string };
export type Held = { lock: Lock; mine: boolean; now: string };
export type Recovery = { version: number; saved_at: string; content: ReportContent };
export type Concept = { name: string; display: string; lateralised: boolean };
export type Macro = { name: string; text: string };
export type Reader = { mode: Mode; allowed: Mode[]; site_mode: Mode; macros: Macro[]; site_macros: Macro[] };

// POST /api/studies/{study_key}/check
export type ReportWarning = { code: string; says: string; finding: string | null; section: string | null; start: number; end: number };
