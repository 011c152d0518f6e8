// A critical result in words: how long it waits, who was paged, what happens next. Pure; `now` is the server's time.
import type { CriticalResult, Page, Said, State } from "./answers/criticals.ts";
import { clock, visible, words } from "./format.ts";

const UNANSWERED: State[] = ["open", "notified"];
const RANK: Record<State, number> = { open: 0, notified: 0, acknowledged: 1, communicated: 2, closed: 3 };
const STATES: Record<State, string> = { open: "not acknowledged", notified: "not acknowledged", acknowledged: "acknowledged", communicated: "communicated", closed: "closed" };
const LATE_MS = 60_000;
export const HOW: Record<string, string> = { phone: "by phone", in_person: "in person", secure_message: "by secure message", video: "by video" };
export const REASONS: Record<string, string> = { communicated: "communicated", not_confirmed: "not confirmed on the film", already_known: "already known", not_critical: "not critical" };

type Named = { names?: Record<string, string> };
type Held = Named & Said & { state: State; earlier?: Said[] };
const past = (now: Date, limit: string) => now > new Date(limit);

export const unanswered = (result: { state: State }): boolean => UNANSWERED.includes(result.state);
export const stateWords = (result: CriticalResult): string => STATES[result.state] ?? words(result.state);
export const nameOf = (result: Named, personId: string): string => visible(result.names?.[personId] ?? personId);
export const isOverdue = (result: CriticalResult, now: Date): boolean => (unanswered(result) ? past(now, result.acknowledge_by) : result.state === "acknowledged" && past(now, result.communicate_by));

const minutes = (from: string, to: string | Date) => Math.max(0, Math.floor((Number(new Date(to)) - Number(new Date(from))) / 60_000));
const length = (count: number) => [count >= 60 && `${Math.floor(count / 60)} h`, (count < 60 || count % 60) && `${count % 60} min`].filter(Boolean).join(" ");
const countdown = (ms: number) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

// What needs a person first: not acknowledged before acknowledged before told, the earliest limit first.
export function byNeed(one: CriticalResult, other: CriticalResult): number {
  const limit = (each: CriticalResult) => Date.parse(unanswered(each) ? each.acknowledge_by : each.communicate_by);
  return RANK[one.state] - RANK[other.state] || limit(one) - limit(other);
}

export function timer(result: CriticalResult, now: Date): string {
  if (result.closure) return `closed ${clock(result.closure.closed_at)}`;
  if (result.state === "communicated" && result.communication) return `told ${length(minutes(result.communication.communicated_at, now))} ago`;
  const limit = unanswered(result) ? result.acknowledge_by : result.communicate_by;
  const spent = `${length(minutes(result.opened_at, now))} of ${length(minutes(result.opened_at, limit))}`;
  return unanswered(result) ? `waiting ${spent}` : `nobody told, ${spent}`;
}

export function lastPaged(result: CriticalResult): string {
  const pages = (result.last_pages ?? []).filter((each) => each.state !== "obsolete");
  if (!pages.length) return result.next_duty || result.steps_taken === 0 ? "nobody has been paged yet" : "";
  const said = pages.slice(0, 2).map((each) => pageWords(result, each));
  return said.join("; ") + (pages.length > 2 ? `; and ${pages.length - 2} more` : "");
}

export function pageWords(result: Named, page: Page): string {
  const who = nameOf(result, page.person_id);
  const failed = page.failed.length ? `, failed: ${page.failed.map(visible).join(", ")}` : "";
  if (page.state === "sent" && page.sent_at) return `paged ${who} by ${visible(page.channel)} ${clock(page.sent_at)}${failed}`;
  if (page.state === "obsolete") return `${who} no longer needed to be paged`;
  return failed ? `${who} not reached yet${failed}, trying again` : `paging ${who}`;
}

// { text, late }: late when a page is due and does not go out.
export function whatNext(result: CriticalResult, now: Date): { text: string; late: boolean } {
  if (!result.next_due_at) return { text: result.state === "communicated" ? "close it when nothing more is to do" : "", late: false };
  const ms = Date.parse(result.next_due_at) - Number(now);
  const duty = result.next_duty ? words(visible(result.next_duty)) : "the next person";
  if (ms < -LATE_MS) return { text: `${duty} should have been paged ${length(Math.floor(-ms / 60_000))} ago: paging may have stopped, call somebody`, late: true };
  const when = ms <= 0 ? "now" : `in ${countdown(ms)}`;
  return { text: result.state === "acknowledged" ? `if nobody is told: paging goes on ${when}` : `next: ${duty} ${when}`, late: false };
}

// Who has it, or whom they told; of one that a later image opened again, who had it before.
export function holder(result: Held): string {
  const before = result.earlier?.at(-1);
  if (unanswered(result) && before) return `another finding since ${holder({ ...before, names: result.names, state: "acknowledged" })}`;
  const { acknowledgement: taken, communication: told } = result;
  if (told) return `${nameOf(result, told.actor_id)} told ${told.to_whom === undefined ? "somebody" : visible(told.to_whom)} ${HOW[told.how] ?? words(told.how)} ${clock(told.communicated_at)}${told.read_back_confirmed ? ", read back" : ", not read back"}`;
  if (taken) return `${nameOf(result, taken.actor_id)} has it since ${clock(taken.acknowledged_at)}${taken.read_back ? `: “${visible(taken.read_back)}”` : ""}`;
  return "";
}

// What to tell somebody who was too late: who did what, when.
export function wasFaster(result: CriticalResult, before: CriticalResult): string {
  if (unanswered(result) && result.reason !== before.reason) return `A later image brought something new: ${visible(result.reason)}. Read it again.`;
  const { acknowledgement: taken, communication: told, closure: closed } = result;
  if (closed) return `${nameOf(result, closed.actor_id)} was faster: closed at ${clock(closed.closed_at)} (${REASONS[closed.reason] ?? words(closed.reason)}).`;
  if (told) return `${nameOf(result, told.actor_id)} was faster: ${holder(result)}.`;
  if (taken) return `${nameOf(result, taken.actor_id)} was faster: ${holder(result)}.`;
  return "Somebody handed it back meanwhile: it is open again, and the next person is paged.";
}
