// The administration pages' answers: dead letters, audit, accounts, settings, models, policy.
import type { SignedIn } from "./account.ts";

export type DeadLetter = { job: number; kind: string; study_key: string; attempts: number; detail: string; reason: string };
export type DeadLetters = { total: number; waiting: Record<string, number>; dead: DeadLetter[] };
export type Retried = { retried: number[] };

export type AuditRecord = { sequence: number; recorded_at: string; action: string; actor_id: string; outcome: string; study_key: string | null; detail: Record<string, string>; hash: string };
export type AuditPage = { scope: "all" | "own"; chain: { holds: boolean; verified_through: number; newest: number; problem: string }; records: AuditRecord[]; next_before: number | null };

export type Account = { actor_id: string; display_name: string; role: string; disabled: boolean; me: boolean; sites: string[]; second_factor: boolean; reset_asked_by: string; subject: string };
export type Accounts = { accounts: Account[]; sessions: SignedIn[]; roles: string[]; min_password_length: number; provider: string; systems: string[] };

export type Setting = { name: string; value: string; source: string; description: string };
// GET /api/archives
export type Archive = { name: string; product: string; probed_at: string; capabilities: Step[]; answered_at: string; failing_since: string; failure: string; swept_at: string; missed: number; incomplete: number; put_aside: number };
// GET /api/commitments
export type OwedTotal = { reports: number; since: string; problem: string };
export type Commitment = { ae_title: string; owed: OwedTotal | null; aside: OwedTotal | null };
export type Tried = { name: string; answers: boolean; said: string; took_ms: number; tried_at: string };
export type Step = { service: string; name: string; verdict: "yes" | "partly" | "no" | "unknown"; note: string };
export type TriedNow = Tried & { steps: Step[] };
export type Connection = { name: string; kind: string; where: string; last: Tried | null };
export type SettingsAnswer = { settings: Setting[]; connections: Connection[] };

export type Gate = { gate: string; finding: string | null; result: string; statistic: string; value: number | string | null; threshold: number | string | null; events: number; n: number };
export type Look = { look: number; decided_at: string; verdict: string; reason: string; studies: number; gates: Gate[] };
export type RolloutAct = { action: string; actor_id: string; role: string; acted_at: string; percent: number; reason: string };
export type Rollout = { site: string; state: string; percent: number; next_percent: number; since: string; open: boolean; held: string; reason: string; expects: string; ask: { percent: number; asked_by: string; approvals: { actor_id: string; role: string }[] } | null; look: Look | null; history: RolloutAct[] };
export type Version = { model: string; bundle_sha256: string; registered_by: string; registered_at: string; signer: string; note: string; rollouts: Rollout[] };
export type Models = { versions: Version[] };

export type PolicyAct = { action: string; actor_id: string; role: string; acted_at: string; reason: string };
export type PolicyVersion = { number: number; name: string; sha256: string; state: string; replaced: number | null; acts: PolicyAct[] };
export type PolicyVersionText = PolicyVersion & { text: string };
// `policy`: the text that decides; `active`: the saved version that does, null for the file.
export type Policy = { policy: string; site_policy: boolean; active: number | null; problem: string; versions: PolicyVersion[] };
export type Checked = { version: string | null; problems: { line: number; where: string; message: string }[]; advice: string[]; rules: number; critical_rules: number };
type Decided = { priority: string; critical: boolean; reason: string };
export type DryRun = { studies: number; moved: number; priorities: string[]; table: number[][]; critical_before: number; critical_after: number; becoming_critical: number; no_longer_critical: number; rules: { rule: string; before: number; after: number }[]; silent: string[]; changed: { study_key: string; before: Decided; after: Decided }[]; changed_total: number };
export type PolicyTried = Checked & { dry_run: DryRun | null };
