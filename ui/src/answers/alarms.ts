// GET /api/alarms: open alarms, and the names behind account names.
export type Alarm = {
  alarm_key: string;
  kind: string;
  site: string;
  message: string;
  raised_at: string;
  last_seen_at: string;
  pages: boolean;
  episode: number;
  seen: number;
  acknowledged_by: string;
  acknowledged_at: string | null;
};

export type Alarms = { now: string; alarms: Alarm[]; names: Record<string, string> };
