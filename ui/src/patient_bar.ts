// Who the study is of, how urgent it is and why.
import type { Reading } from "./answers/study.ts";
import { h, show } from "./dom.ts";
import { age, date, personName, visible, words } from "./format.ts";
import type { StudySheet } from "./study_sheet.ts";

const WAITING = ["admitted", "analysed", "ai_unavailable", "triaged", "drafted", "in_reading", "new_images"];

export function patientBar({ identity, study, triage, synthetic }: Reading, sheet: StudySheet): void {
  const facts = [`${age(study.age_years)} ${study.sex}`, visible(identity.patient_id), date(identity.study_date), visible(identity.study_description), `acc. ${visible(identity.accession_number)}`, study.site];
  sheet.patient.textContent = personName(identity.patient_name);
  sheet.facts.textContent = facts.filter(Boolean).join("  ·  ");
  sheet.why.replaceChildren(h("span", { class: "cut" }, visible(triage?.reason ?? "")), h("span", { class: `chip ${study.priority}` }, study.critical ? "CRITICAL" : study.priority.toUpperCase()), h("span", { class: "chip" }, words(study.state)));
  show(sheet.synthetic, synthetic);
  sheet.bar.classList.toggle("critical", study.critical && WAITING.includes(study.state));
}
