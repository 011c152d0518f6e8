// Every English word of these pages, by key: a translation is another table of the same keys. {slots} are filled, never read again.
import { ACCOUNT } from "./catalogue_account.ts";
import { ADMINISTRATION } from "./catalogue_administration.ts";
import { READING_ACTS } from "./catalogue_acts.ts";
import { ELSEWHERE } from "./catalogue_elsewhere.ts";
import { FILM } from "./catalogue_film.ts";
import { QUALITY } from "./catalogue_quality.ts";
import { READING } from "./catalogue_reading.ts";
import { ROOMS } from "./catalogue_rooms.ts";
import { STUDY } from "./catalogue_study.ts";
import { WORKLIST } from "./catalogue_worklist.ts";

const ENGLISH = { ...WORKLIST, ...READING, ...READING_ACTS, ...ROOMS, ...STUDY, ...FILM, ...QUALITY, ...ADMINISTRATION, ...ACCOUNT, ...ELSEWHERE } as const;

export type Key = keyof typeof ENGLISH;
type Slots = Record<string, string | number>;

export function t(key: Key, slots: Slots = {}): string {
  return ENGLISH[key].replace(/\{(\w+)\}/g, (_, name: string) => String(slots[name] ?? `{${name}}`));
}

// "1 study", "2 studies": the forms of a number are keys of their own, as languages differ in them.
export function counted(count: number, one: Key, many: Key, slots: Slots = {}): string {
  return t(count === 1 ? one : many, { count: count.toLocaleString("en"), ...slots });
}

export const knows = (key: string): key is Key => key in ENGLISH;
