// Alarms: what is wrong, where, since when, what to do, and who has seen it.
import type { Alarm, Alarms } from "./answers/alarms.ts";
import { get, problemOf, send } from "./api.ts";
import { byId, h, inFocus, redraw } from "./dom.ts";
import { shortly, visible, waited, words } from "./format.ts";
import { listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip, sign } from "./strip.ts";
import { t } from "./catalogue.ts";

const ROSTER = { path: "/roster", says: t("alarm.see_the_roster"), act: "see_roster" };
const CRITICALS = { path: "/criticals", says: t("alarm.see_the_critical_results"), act: "see_worklist" };
const QUALITY = { path: "/quality", says: t("alarm.see_the_quality_page"), act: "see_quality" };
type Kind = { title: string; todo: string; see?: { path: string; says: string; act: string } };
const KINDS: Record<string, Kind> = {
  roster_gap: { title: t("alarm.nobody_on_call"), todo: t("alarm.hand_the_duty_over_to"), see: ROSTER },
  nobody_to_page: { title: t("alarm.nobody_to_page"), todo: t("alarm.look_at_the_critical_results"), see: ROSTER },
  page_undeliverable: { title: t("alarm.a_page_did_not_arrive"), todo: t("alarm.call_the_person_yourself_then"), see: CRITICALS },
  critical_overdue: { title: t("alarm.a_critical_result_is_overdue"), todo: t("alarm.acknowledge_it_or_call_somebody"), see: CRITICALS },
  escalation_stopped: { title: t("alarm.paging_has_stopped"), todo: t("alarm.nobody_is_being_paged_watch"), see: CRITICALS },
  clock_went_back: { title: t("alarm.the_servers_clock_went_back"), todo: t("alarm.have_the_time_service_of") },
  configuration: { title: t("alarm.something_is_configured_wrong"), todo: t("alarm.tell_whoever_runs_wetread_what") },
  nothing_arrives: { title: t("alarm.no_films_arrive"), todo: t("alarm.ask_at_the_modality_and") },
  nothing_read: { title: t("alarm.the_ai_reads_nothing"), todo: t("alarm.read_without_it_every_film") },
  nothing_routed: { title: t("alarm.nothing_is_being_prioritised"), todo: t("alarm.the_order_of_the_worklist") },
  dead_letters: { title: t("alarm.work_that_failed_for_good"), todo: t("alarm.tell_whoever_runs_wetread_a") },
  rule_never_fires: { title: t("alarm.a_triage_rule_never_fires"), todo: t("alarm.have_the_triage_policy_looked") },
  rule_always_fires: { title: t("alarm.a_triage_rule_always_fires"), todo: t("alarm.have_the_triage_policy_and") },
  watch_failed: { title: t("alarm.the_watch_over_silent_failures"), todo: t("alarm.other_alarms_may_be_missing") },
  archive_stands: { title: t("alarm.archive_stands"), todo: t("alarm.archive_stands_todo") },
  neighbour_stands: { title: t("alarm.neighbour_stands"), todo: t("alarm.neighbour_stands_todo") },
  audit_export_stands: { title: t("alarm.audit_export_stands"), todo: t("alarm.audit_export_stands_todo") },
  emergency_access: { title: t("alarm.emergency_access"), todo: t("alarm.emergency_access_todo") },
  disk_fills: { title: t("alarm.disk_fills"), todo: t("alarm.disk_fills_todo") },
  certificate_ends: { title: t("alarm.certificate_ends"), todo: t("alarm.certificate_ends_todo") },
  backup_missing: { title: t("alarm.backup_missing"), todo: t("alarm.backup_missing_todo") },
  disk_away: { title: t("alarm.disk_away"), todo: t("alarm.disk_away_todo") },
  part_dies: { title: t("alarm.part_dies"), todo: t("alarm.part_dies_todo") },
  films_damaged: { title: t("alarm.films_damaged"), todo: t("alarm.films_damaged_todo") },
  commitment_untold: { title: t("alarm.commitment_untold"), todo: t("alarm.commitment_untold_todo") },
  archive_missed: { title: t("alarm.archive_missed"), todo: t("alarm.archive_missed_todo") },
  patient_in_doubt: { title: t("alarm.a_film_may_be_another"), todo: t("alarm.open_the_study_compare_film") },
  audit_unsealed: { title: t("alarm.audit_unsealed"), todo: t("alarm.audit_unsealed_todo") },
  audit_broken: { title: t("alarm.the_audit_log_does_not"), todo: t("alarm.somebody_may_have_changed_it") },
  rollout_stopped: { title: t("alarm.a_model_version_was_held"), todo: t("alarm.its_gates_say_why_wetread") },
  scores_drifted: { title: t("alarm.the_ais_scores_have_drifted"), todo: t("alarm.find_out_what_changed_in"), see: QUALITY },
  tags_drifted: { title: t("alarm.the_films_have_changed"), todo: t("alarm.ask_what_changed_at_the"), see: QUALITY },
  films_drifted: { title: t("alarm.films_look_different_to_the"), todo: t("alarm.compare_some_new_films_with"), see: QUALITY },
  sensitivity_fell: { title: t("alarm.the_ai_misses_more_than"), todo: t("alarm.read_without_relying_on_it"), see: QUALITY },
  calibration_off: { title: t("alarm.the_ais_probabilities_no_longer"), todo: t("alarm.do_not_read_them_as"), see: QUALITY },
  subgroup_gap: { title: t("alarm.the_ai_is_worse_for"), todo: t("alarm.read_these_patients_films_without"), see: QUALITY },
  overrides_jumped: { title: t("alarm.readers_overrule_the_ai_more"), todo: t("alarm.ask_the_readers_what_they"), see: QUALITY },
  verdicts_worse: { title: t("alarm.the_ai_is_worse_by_verdicts"), todo: t("alarm.look_at_the_studies_that"), see: QUALITY },
  blind_reads_worse: { title: t("alarm.the_ai_is_worse_by_blind_reads"), todo: t("alarm.look_at_the_studies_that"), see: QUALITY },
  scores_all_equal: { title: t("alarm.the_ai_gives_every_film"), todo: t("alarm.do_not_rely_on_it") },
};
let names: Record<string, string> = {};

async function refresh() {
  await masthead.refresh();
  const answer = await get<Alarms>("/api/alarms", { background: true });
  names = answer.names;
  const now = new Date(answer.now);
  const order = (each: Alarm) => (each.acknowledged_at ? 1 : 0);
  const alarms = answer.alarms.sort((one, other) => order(one) - order(other));
  const inHand = inFocus("[data-alarm]")?.dataset.alarm;
  redraw(byId("list"), alarms.length ? h("ul", { class: "items" }, alarms.map((each) => card(each, now))) : h("div", { class: "empty" }, h("strong", {}, t("alarm.no_alarm_is_open")), h("span", {}, t("alarm.films_arrive_are_read_and"))));
  if (inHand) [...byId("list").querySelectorAll<HTMLElement>("[data-alarm]")].find((each) => each.dataset.alarm === inHand)?.querySelector("button")?.focus();
}

function card(alarm: Alarm, now: Date): HTMLElement {
  const kind = KINDS[alarm.kind] ?? { title: words(alarm.kind), todo: "" };
  const seen = alarm.acknowledged_at;
  const often = [alarm.seen > 1 && t("alarm.seen_times_last_ago", { seen: alarm.seen, last_seen_at: waited(alarm.last_seen_at, now) }), alarm.episode > 1 && t("alarm.came_back_time", { episode: alarm.episode })].filter(Boolean).join("; ");
  return h("li", { class: `item alarm ${seen ? "acknowledged" : alarm.pages ? "overdue" : "loud"}`, "data-alarm": alarm.alarm_key },
    h("div", { class: "body" },
      h("div", { class: "line" }, sign(!seen && alarm.pages), h("h2", {}, kind.title), h("span", { class: "chip" }, visible(alarm.site) || t("alarm.everywhere")), h("span", { class: "muted" }, t("alarm.for_since", { raised_at: waited(alarm.raised_at, now), raised_at2: shortly(alarm.raised_at) }))),
      h("p", {}, visible(alarm.message)), kind.todo && h("p", {}, h("span", { class: "muted" }, t("alarm.to_do")), kind.todo, " ", kind.see && may(kind.see.act) && h("a", { href: kind.see.path }, kind.see.says)),
      h("p", { class: "muted" }, [often, seen ? t("alarm.acknowledged_by", { acknowledged_by: visible(names[alarm.acknowledged_by] ?? alarm.acknowledged_by), seen: shortly(seen) }) : alarm.pages ? t("alarm.not_acknowledged_the_technical_duty") : t("alarm.not_acknowledged_nobody_is_paged")].filter(Boolean).join("; "))),
    h("div", { class: "acts" }, !seen && may("acknowledge_alarm") && h("button", { class: "primary", "aria-label": t("alarm.acknowledge", { title: kind.title, site: visible(alarm.site) }), onclick: (event) => acknowledge(event.currentTarget, alarm) }, t("alarm.acknowledge_2"))));
}

async function acknowledge(button: HTMLButtonElement, alarm: Alarm): Promise<void> {
  button.disabled = true;
  try {
    await send("POST", "/api/alarms/acknowledge", { body: { alarm_key: alarm.alarm_key } });
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (problem.code !== "no_such_alarm") {
      button.disabled = false;
      return button.parentElement?.prepend(h("p", { class: "error", role: "alert" }, problem.message));
    }
  }
  await refresh();
}

await begin();
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const bindings = [...(strip?.bindings ?? []), ...roomBindings()];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (thrown) => byId("list").replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message)));
followRoom(refresh, (up) => masthead.say(up), may("see_worklist"));
