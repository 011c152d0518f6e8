// One study as a row: every row has one height, so long texts are cut there and said in full below the list.
import type { Row } from "./answers/worklist.ts";
import { knows, t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { age, clock, personName, span, visible, waited, words } from "./format.ts";
import { may } from "./session.ts";
import { stateOf } from "./worklist_store.ts";

const TONES: Record<string, string> = { new_images: "asap", admitted: "ai", analysed: "ai", ai_unavailable: "asap", triaged: "ai", drafted: "good", signed: "good", delivered: "good", amended: "good", preliminary: "asap", rejected: "bad" };

export function stateWords(state: string): string {
  const key = `state.${state}`;
  return knows(key) ? t(key) : words(state);
}

export const nameOf = (study: Row): string => (study.patient_name === undefined ? study.study_key.slice(0, 8) : personName(study.patient_name));

export function row(study: Row, open: (key: string) => void, select: (key: string) => void): HTMLTableRowElement {
  const named = study.patient_name !== undefined;
  const who = may("read_study") ? h("a", { class: "who", href: `/studies/${study.study_key}`, tabindex: -1 }, nameOf(study)) : h("span", { class: "who" }, nameOf(study));
  const late = study.new_images ? t(study.new_images === 1 ? "list.new_image" : "list.new_images", { count: study.new_images }) : "";
  const why = late ? h("span", {}, h("strong", {}, late), study.problem || study.reason ? `: ${visible(study.problem || study.reason)}` : "") : study.problem ? h("span", { class: "problem" }, visible(study.problem)) : study.reason ? visible(study.reason) : study.withheld ? h("span", { class: "muted" }, t("list.withheld")) : study.state === "admitted" ? h("span", { class: "muted" }, t("list.unread")) : "";
  return h("tr", { "data-key": study.study_key, tabindex: -1, onclick: () => open(study.study_key), onfocus: () => select(study.study_key) },
    h("td", {}, h("span", { class: `chip ${study.critical ? "stat" : study.priority}` }, study.critical ? t("list.critical") : study.priority.toUpperCase())),
    h("td", {}, who, named && h("div", { class: "muted mono" }, visible(study.patient_id))),
    h("td", {}, `${age(study.age_years)} ${study.sex}`),
    h("td", { class: "mono" }, named ? visible(study.accession_number) : h("span", { class: "muted" }, t("list.nameless")), study.held && h("div", {}, h("span", { class: "chip bad", title: t("list.held.more") }, t("list.held")))),
    h("td", {}, visible(study.views.join(", "))),
    h("td", { class: "why", title: visible([study.problem, study.reason].filter(Boolean).join("; ")) }, why),
    h("td", {}, h("span", { class: `chip ${TONES[stateOf(study)] ?? ""}` }, stateWords(stateOf(study))), study.open_by && h("div", { class: "muted cut", title: t("list.open_since", { name: study.open_by.name, since: clock(study.open_by.since) }) }, visible(study.open_by.name))),
    h("td", { class: "muted" }, visible(study.site)),
    h("td", { class: "wait", "data-since": study.received_at, "data-limit": study.limit_s }));
}

export function tick(body: HTMLElement, now: Date): void {
  for (const cell of body.querySelectorAll<HTMLElement>("td.wait")) {
    const since = cell.dataset.since ?? "";
    const limit = Number(cell.dataset.limit);
    const text = t("list.waited", { waited: waited(since, now), limit: span(limit) });
    if (cell.textContent !== text) cell.textContent = text;
    cell.classList.toggle("long", Number(now) - Date.parse(since) > limit * 1000);
  }
}
