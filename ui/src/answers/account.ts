// One's own account, and emergency accesses.
export type EmergencyReason = "treating_now" | "second_opinion" | "covering" | "patient_transfer" | "other";
export type EmergencyVerdict = "justified" | "not_justified" | "to_follow_up";
export type SignedIn = { session: string; actor_id: string; begun_at: string; expires_at: string; address: string; client: string; this: boolean };
export type Emergency = { number: number; actor_id: string; study_key: string; reason: EmergencyReason; opened_at: string; ends_at: string; verdict: EmergencyVerdict | null; note: string; reviewed_by: string; reviewed_at: string | null };
export type OwnFactor = { on: boolean; since: string; codes_left: number; required: boolean };
export type BegunFactor = { seed: string; uri: string; qr: string[] };
export type RecoveryCodes = { recovery_codes: string[] };
// GET /api/account
export type OwnAccount = { second_factor: OwnFactor; actor_id: string; display_name: string; role: string; acts: string[]; sites: string[]; sessions: SignedIn[]; emergencies: Emergency[]; emergency_reasons: EmergencyReason[] };
// GET /api/emergencies
export type JudgedEmergency = Emergency & { words: string; accesses: number; running: boolean };
export type Emergencies = { emergencies: JudgedEmergency[]; verdicts: EmergencyVerdict[] };
