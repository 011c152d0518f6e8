// A critical result in words: how long it waits, who was paged, what happens next. Pure; `now` is the server's time.
import type { CriticalResult, Page, Said, State } from "./answers/criticals.ts";
import { clock, visible, words } from "./format.ts";
import { t } from "./catalogue.ts";

const UNANSWERED: State[] = ["open", "notified"];
const RANK: Record<State, number> = { open: 0, notified: 0, acknowledged: 1, communicated: 2, closed: 3 };
const STATES: Record<State, string> = { open: t("critical.not_acknowledged"), notified: t("critical.not_acknowledged"), acknowledged: "acknowledged", communicated: "communicated", closed: "closed" };
const LATE_MS = 60_000;
export const HOW: Record<string, string> = { phone: t("critical.by_phone"), in_person: t("critical.in_person"), secure_message: t("critical.by_secure_message"), video: t("critical.by_video") };
export const REASONS: Record<string, string> = { communicated: "communicated", not_confirmed: t("critical.not_confirmed_on_the_film"), already_known: t("critical.already_known"), not_critical: t("critical.not_critical") };

type Named = { names?: Record<string, string> };
type Held = Named & Said & { state: State; earlier?: Said[] };
const past = (now: Date, limit: string) => now > new Date(limit);

export const unanswered = (result: { state: State }): boolean => UNANSWERED.includes(result.state);
export const stateWords = (result: CriticalResult): string => STATES[result.state] ?? words(result.state);
export const nameOf = (result: Named, personId: string): string => visible(result.names?.[personId] ?? personId);
export const isOverdue = (result: CriticalResult, now: Date): boolean => (unanswered(result) ? past(now, result.acknowledge_by) : result.state === "acknowledged" && past(now, result.communicate_by));

const minutes = (from: string, to: string | Date) => Math.max(0, Math.floor((Number(new Date(to)) - Number(new Date(from))) / 60_000));
const length = (count: number) => [count >= 60 && `${Math.floor(count / 60)} h`, (count < 60 || count % 60) && t("critical.min", { count: count % 60 })].filter(Boolean).join(" ");
const countdown = (ms: number) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

// What needs a person first: not acknowledged before acknowledged before told, the earliest limit first.
export function byNeed(one: CriticalResult, other: CriticalResult): number {
  const limit = (each: CriticalResult) => Date.parse(unanswered(each) ? each.acknowledge_by : each.communicate_by);
  return RANK[one.state] - RANK[other.state] || limit(one) - limit(other);
}

export function timer(result: CriticalResult, now: Date): string {
  if (result.closure) return t("critical.closed", { closed_at: clock(result.closure.closed_at) });
  if (result.state === "communicated" && result.communication) return t("critical.told_ago", { communicated_at: length(minutes(result.communication.communicated_at, now)) });
  const limit = unanswered(result) ? result.acknowledge_by : result.communicate_by;
  const spent = t("critical.of", { opened_at: length(minutes(result.opened_at, now)), limit: length(minutes(result.opened_at, limit)) });
  return unanswered(result) ? t("critical.waiting", { spent }) : t("critical.nobody_told", { spent });
}

export function lastPaged(result: CriticalResult): string {
  const pages = (result.last_pages ?? []).filter((each) => each.state !== "obsolete");
  if (!pages.length) return result.next_duty || result.steps_taken === 0 ? t("critical.nobody_has_been_paged_yet") : "";
  const said = pages.slice(0, 2).map((each) => pageWords(result, each));
  return said.join("; ") + (pages.length > 2 ? t("critical.and_more", { pages: pages.length - 2 }) : "");
}

export function pageWords(result: Named, page: Page): string {
  const who = nameOf(result, page.person_id);
  const failed = page.failed.length ? t("critical.failed", { failed: page.failed.map(visible).join(", ") }) : "";
  if (page.state === "sent" && page.sent_at) return t("critical.paged_by", { who, channel: visible(page.channel), sent_at: clock(page.sent_at), failed });
  if (page.state === "obsolete") return t("critical.no_longer_needed_to_be", { who });
  return failed ? t("critical.not_reached_yet_trying_again", { who, failed }) : t("critical.paging", { who });
}

// { text, late }: late when a page is due and does not go out.
export function whatNext(result: CriticalResult, now: Date): { text: string; late: boolean } {
  if (!result.next_due_at) return { text: result.state === "communicated" ? t("critical.close_it_when_nothing_more") : "", late: false };
  const ms = Date.parse(result.next_due_at) - Number(now);
  const duty = result.next_duty ? words(visible(result.next_duty)) : t("critical.the_next_person");
  if (ms < -LATE_MS) return { text: t("critical.should_have_been_paged_ago", { duty, _000: length(Math.floor(-ms / 60_000)) }), late: true };
  const when = ms <= 0 ? "now" : t("critical.in", { ms: countdown(ms) });
  return { text: result.state === "acknowledged" ? t("critical.if_nobody_is_told_paging", { when }) : `next: ${duty} ${when}`, late: false };
}

// Who has it, or whom they told; of one that a later image opened again, who had it before.
export function holder(result: Held): string {
  const before = result.earlier?.at(-1);
  if (unanswered(result) && before) return t("critical.another_finding_since", { state: holder({ ...before, names: result.names, state: "acknowledged" }) });
  const { acknowledgement: taken, communication: told } = result;
  if (told) return t("critical.told", { actor_id: nameOf(result, told.actor_id), to_whom: told.to_whom === undefined ? t("critical.somebody") : visible(told.to_whom), how: HOW[told.how] ?? words(told.how), communicated_at: clock(told.communicated_at), read_back_confirmed: told.read_back_confirmed ? t("critical.read_back") : t("critical.not_read_back") });
  if (taken) return [t("critical.has_it", { name: nameOf(result, taken.actor_id), when: clock(taken.acknowledged_at) }), taken.read_back && `: “${visible(taken.read_back)}”`].filter(Boolean).join("");
  return "";
}

// What to tell somebody who was too late: who did what, when.
export function wasFaster(result: CriticalResult, before: CriticalResult): string {
  if (unanswered(result) && result.reason !== before.reason) return t("critical.a_later_image_brought_something", { reason: visible(result.reason) });
  const { acknowledgement: taken, communication: told, closure: closed } = result;
  if (closed) return t("critical.was_faster_closed_at", { actor_id: nameOf(result, closed.actor_id), closed_at: clock(closed.closed_at), reason: REASONS[closed.reason] ?? words(closed.reason) });
  if (told) return t("critical.was_faster", { actor_id: nameOf(result, told.actor_id), result: holder(result) });
  if (taken) return t("critical.was_faster", { actor_id: nameOf(result, taken.actor_id), result: holder(result) });
  return t("critical.somebody_handed_it_back_meanwhile");
}
