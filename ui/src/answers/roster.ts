// GET /api/roster: who is on call by site, who will be, where nobody is. Names only.
export type Person = { person_id: string; name: string };
export type OnCall = { duty: string; people: Person[] };
export type Shift = { duty: string; starts_at: string; ends_at: string; people: Person[]; source: string };
export type Gap = { duty: string; starts_at: string; ends_at: string; in_words: string };
export type Site = { site: string; time_zone: string; on_call: OnCall[]; shifts: Shift[]; gaps: Gap[] };

export type HandOver = {
  override_id: string;
  site: string;
  duty: string;
  person_id: string;
  starts_at: string;
  ends_at: string;
  made_by: string;
  reason: string;
};

export type Roster = { problem: string; now: string; until: string; people: Person[]; sites: Site[]; hand_overs: HandOver[] };
