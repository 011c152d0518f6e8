// GET /api/session: who is signed in, and what they may do.
import type { Concept } from "./reading.ts";

export type Session = {
  actor_id: string;
  display_name: string;
  role: string;
  provider: string; // who they sign in with, "" for a password of ours
  acts: string[];
  owes_second_factor: boolean;
  idle_s: number;
  demo: boolean;
  dictation: boolean;
  version: string;
  sections: string[];
  reject_reasons: string[];
  findings: Concept[];
  now: string;
};
