// GET /api/quality, GET /api/quality/cell: what live monitoring measured; a value that is null says why in `refused`.
export type CellKey = { site: string; scanner: string; finding: string; model: string };
export type Measure = { name: string; n: number; value: number | null; low: number | null; high: number | null; refused: string };
export type GroupRate = { group: string; n: number | null; value: number | null; low: number | null; high: number | null; p_worse: number | null; withheld: string };
export type Gap = { axis: string; rate: string; overall: number; groups: GroupRate[] };
export type ReliabilityBin = { stated: number; observed: number; low: number; high: number; n: number };
export type TrendPoint = { first_day: string; numbers: Measure[] };

export type Adjudicated = {
  round_id: string;
  first_day: string;
  last_day: string;
  studies: number;
  positive: number;
  negative: number;
  uncertain: number;
  truth_probability: number;
  numbers: Measure[];
};

export type OwnReads = { first_day: string; last_day: string; studies: number; positive: number; negative: number; uncertain: number; numbers: Measure[] };

type Counts = {
  key: CellKey;
  studies: number;
  positive: number;
  negative: number;
  uncertain: number;
  conflicting: number;
  unmentioned: number;
  truth_probability: number;
  basis: string;
  numbers: Measure[];
};

export type CellSummary = Counts & { worse_groups: number };
export type Cell = Counts & { gaps: Gap[]; reliability: ReliabilityBin[]; trend: TrendPoint[]; psi_shares: [number, number][]; adjudicated: Adjudicated[]; own: OwnReads | null };

export type TagDrift = {
  site: string;
  model: string;
  tag: string;
  n: number;
  n_reference: number;
  distance: number | null;
  statistic: number | null;
  p: number | null;
  shares: [string, number, number][];
  refused: string;
};

export type FilmDrift = { site: string; model: string; n: number; n_reference: number; mmd: number | null; p: number | null; auroc: number | null; low: number | null; high: number | null; refused: string };

export type BlindVerdict = {
  key: { site: string; finding: string; model: string };
  basis: "verdicts" | "own";
  error: "missed" | "false_alarm";
  n: number;
  limit: number | null;
  rate: number | null;
  low: number | null;
  high: number | null;
  evidence: number | null;
  needed: number | null;
  round_id: string;
  since: string;
  refused: string;
};

export type QualityReport = {
  made_at: string;
  since: string;
  days: number;
  unmentioned_as: string;
  studies: number;
  cells: CellSummary[];
  left_out: [string, number][];
  notes: string[];
  tags: TagDrift[];
  unfinished: [string, number][];
  films: FilmDrift[];
  films_unsaid: string;
  blind: BlindVerdict[];
};

export type Quality = { now: string; definitions: Record<string, string>; report: QualityReport | null };
