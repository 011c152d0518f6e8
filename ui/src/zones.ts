// Wall clocks of a site's time zone, whatever the zone of this computer: instants to wall time and back, summer time included.
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  formatters.set(zone, made);
  return made;
}

const DAY_MS = 86_400_000;
const two = (number: number) => String(number).padStart(2, "0");

// The wall clock at an instant, as milliseconds of a UTC clock that shows the same digits.
export function wallOf(instant: number | string | Date, zone: string): number {
  const parts = new Map(formatter(zone).formatToParts(new Date(instant)).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? Number.NaN;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

// Every instant at which the wall clock shows this: none in the hour that spring leaves out, two in the hour that autumn repeats.
export function instantsOf(wall: number, zone: string): number[] {
  const offsets = [wall - DAY_MS, wall + DAY_MS].map((near) => wallOf(near, zone) - near);
  return [...new Set(offsets)].map((offset) => wall - offset).filter((instant) => wallOf(instant, zone) === wall).sort((one, other) => one - other);
}

export function dayStart(wall: number, zone: string): number {
  const midnight = Math.floor(wall / DAY_MS) * DAY_MS;
  return instantsOf(midnight, zone)[0] ?? midnight - (wallOf(midnight - DAY_MS, zone) - (midnight - DAY_MS));
}

export type Day = { starts: number; ends: number; label: string };

// The next `count` calendar days of the zone from `now` on: { starts, ends, label }.
export function daysFrom(now: number | string | Date, count: number, zone: string): Day[] {
  const today = Math.floor(wallOf(now, zone) / DAY_MS) * DAY_MS;
  return Array.from({ length: count }, (_, at) => ({ starts: dayStart(today + at * DAY_MS, zone), ends: dayStart(today + (at + 1) * DAY_MS, zone), label: dayLabel(today + at * DAY_MS) }));
}

const dayLabel = (wall: number) => new Date(wall).toLocaleDateString("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });

export function timeLabel(instant: number | string | Date, zone: string): string {
  const wall = new Date(wallOf(instant, zone));
  return `${two(wall.getUTCHours())}:${two(wall.getUTCMinutes())}`;
}

export const dayTimeLabel = (instant: number | string | Date, zone: string): string => `${dayLabel(wallOf(instant, zone))} ${timeLabel(instant, zone)}`;

// To and from the value of an <input type="datetime-local">.
export const toField = (instant: number | string | Date, zone: string): string => new Date(wallOf(instant, zone)).toISOString().slice(0, 16);
export const fromField = (value: string): number => Date.parse(`${value}:00Z`);
