// GET /api/session: who is signed in, and what they may do.
export type Session = {
  actor_id: string;
  display_name: string;
  role: string;
  acts: string[];
  idle_s: number;
  demo: boolean;
  version: string;
  sections: string[];
  reject_reasons: string[];
  now: string;
};
