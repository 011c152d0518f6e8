// GET /api/studies/{study_key} and the acts on it: the reading, its report, its status.
import type { StudyMarks } from "./marks.ts";
import type { HowRead, Lock, Recovery, Withheld } from "./reading.ts";

// "withheld": from an adjudicator.
export type Priority = "stat" | "asap" | "urgent" | "routine" | "withheld";

export type Study = {
  study_key: string;
  state: string;
  revision: number;
  priority: Priority;
  critical: boolean;
  received_at: string;
  age_years: number | null;
  sex: string;
  site: string;
};

export type Identity = {
  patient_name: string;
  patient_id: string;
  accession_number: string;
  patient_birth_date?: string;
  study_date?: string;
  study_time?: string;
  study_description?: string;
  referring_physician_name?: string;
};

// Rows and columns of the film, the stop excluded.
export type Region = { row_start: number; row_stop: number; column_start: number; column_stop: number };
export type Rate = { value: number; low: number; high: number; n: number };
export type OperatingPoint = { threshold: number; rule: string; sensitivity: Rate | null; specificity: Rate | null };

export type Finding = {
  name: string;
  display: string;
  lateralised: boolean;
  raw_score: number;
  probability: number | null;
  called: boolean;
  operating_point: OperatingPoint;
  laterality: string;
  region: Region | null;
};

export type Analysis = {
  instance_key: string;
  model: { name: string; version: string; sha256: string };
  analysed_at: string;
  findings: Finding[];
  quality: { code: string; message: string }[];
  ood_score: number | null;
  ood_threshold: number | null;
  ood_p_value: number | null;
  has_heat_maps: boolean;
};

export type Ai = { status: "read" | "out_of_distribution" | "pending" | "unavailable" | "withheld"; reason: string; analysis: Analysis | null };
export type Evidence = { source: string; finding: string | null; probability: number | null; threshold: number | null; days_before: number | null };
export type Sentence = { id: string; section: string; text: string; hedge: string; evidence: Evidence[] };
export type Draft = { composer: string; notice: string; sentences: Sentence[] };
export type SectionText = { section: string; text: string };
export type Verdict = { name: string; present: boolean; laterality: string };
export type ReportContent = { sections: SectionText[]; findings: Verdict[] };
export type Signature = { signer_id: string; signer_name: string; role: string; meaning: string; signed_at: string; content_sha256: string };

// Added to a signed report; "signature" is its own.
export type Addendum = { text: string; signature: Signature };

export type Report = {
  version: number;
  status: string;
  etag: number;
  author_id: string;
  amendment_reason: string;
  content: ReportContent;
  signature: Signature | null;
  addenda: Addendum[];
  judged: { sentence: string; fate: "accepted" | "edited" | "deleted"; by: string; at: string }[];
};

export type Delivery = { report_version: number; sink: string; state: string; attempts: number; receipt: string; updated_at: string };

// Of films whose score fell where this one falls: "few" says nothing but n.
export type ScoreShare = { scope: "few"; n: number } | { scope: "site" | "all"; basis: "naive" | "blind"; from: number; to: number; n: number; had: number; low: number; high: number };
export type Reliability = { made_at: string | null; since: string | null; fewest: number; findings: Record<string, ScoreShare> };

export type Instance = {
  instance_key: string;
  modality: string;
  view_position: string;
  body_part_examined: string;
  rows: number;
  columns: number;
  has_pixel_data: boolean;
  pixel_spacing_mm: [number, number] | null;
};

// `fetched_from`: the archive that it is a copy of, "" for a study of this house.
export type Prior = { study_key: string; study_date: string; study_description: string; fetched_from: string };
export type PriorSearch = { archive: string; outcome: "fetched" | "none" | "ambiguous" | "unidentified" | "away" | "partly" };

// Images that came after the report was signed. `findings`: those that the AI calls on the best of them.
export type LateImages = { open: boolean; since: string; instances: string[]; read: boolean; film: string; findings: Finding[]; reason: string; problem: string; answer: "" | "no_change" | "amended"; answered_by: string; answered_at: string };

export type Reading = {
  study: Study;
  ai: Ai;
  triage: { priority: Priority; critical: boolean; rule_id: string; reason: string; policy_version: string } | null;
  draft: Draft | null;
  report: Report | null;
  versions: Report[];
  deliveries: Delivery[];
  instances: Instance[];
  synthetic: boolean;
  identity: Identity;
  priors: Prior[];
  prior_search: PriorSearch[];
  late_images: LateImages | null;
  marks: StudyMarks;
  reliability: Reliability | null;
  reading: HowRead;
  lock: Lock | null;
  recovery: Recovery | null;
  now: string;
};

// GET /api/studies/{study_key}/status
export type StudyStatus = {
  study: Study;
  report: { version: number; status: string; etag: number } | null;
  has_analysis: boolean;
  has_draft: boolean;
  late_images: number;
  withheld: Withheld;
  lock: Lock | null;
  now: string;
  deliveries: Delivery[];
};

// GET /api/studies/{study_key}/heatmap: per finding, rows * columns values on the film's extent.
export type HeatMaps = { instance_key: string; rows: number; columns: number; extent: Region; maps: Record<string, number[]> };
