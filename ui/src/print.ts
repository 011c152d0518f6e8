// The report on paper or as a PDF, by the browser's own print: identity and notice on every page, signature and version at the end. Nothing of it is on the screen.
import type { Reading, Report } from "./answers/study.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { addendumTitle } from "./signed.ts";
import { age, date, moment, personName, visible, words } from "./format.ts";

const NOTICE = "Written with wetread, an assistive research tool. Not a cleared device. AI may be wrong.";

// Made anew whenever something is printed: `shown` gives the version on the screen, with the words as they stand.
export function printsSheet(shown: () => { reading: Reading; report: Report } | null): void {
  const sheet = h("div", { class: "sheet", id: "sheet" });
  document.body.append(sheet);
  addEventListener("beforeprint", () => {
    const now = shown();
    sheet.replaceChildren(now ? paper(now.reading, now.report) : h("p", {}, "There is no report to print."));
    document.title = now ? `Report ${visible(now.reading.identity.accession_number)} version ${now.report.version}` : document.title;
  });
  const title = document.title; // the name of a PDF; on the screen, and of the next study, it would be another patient's
  addEventListener("afterprint", () => {
    sheet.replaceChildren();
    document.title = title;
  });
}

// A table, because its head and foot come again on every page.
function paper({ identity, study, synthetic }: Reading, report: Report): HTMLElement {
  const { signature } = report;
  const facts: [string, string | undefined][] = [
    ["Patient", personName(identity.patient_name)], ["Patient ID", identity.patient_id], ["Born", date(identity.patient_birth_date)], ["Sex, age", `${study.sex}, ${age(study.age_years)}`],
    ["Accession", identity.accession_number], ["Study", [date(identity.study_date), identity.study_description].filter(Boolean).join(", ")], ["Referred by", identity.referring_physician_name && personName(identity.referring_physician_name)], ["Site", study.site],
  ];
  const status = signature ? `${report.status}, version ${report.version}` : `NOT SIGNED, version ${report.version}: this is not a report`;
  return h("table", { role: "presentation" },
    h("thead", {}, h("tr", {}, h("td", {}, h("div", { class: "sheet-head" }, h("strong", {}, personName(identity.patient_name)), ` ${visible(identity.patient_id)}, accession ${visible(identity.accession_number)}`, h("span", {}, `Radiology report, ${status}`))))),
    h("tfoot", {}, h("tr", {}, h("td", {}, h("div", { class: "sheet-foot" }, synthetic && "SYNTHETIC: no patient. ", NOTICE)))),
    h("tbody", {}, h("tr", {}, h("td", {},
      h("h1", {}, "Radiology report"),
      h("dl", { class: "sheet-facts" }, facts.filter(([, text]) => text).map(([name, text]) => [h("dt", {}, name), h("dd", {}, visible(text))])),
      report.content.sections.filter((each) => each.text.trim()).map((each) => [h("h2", {}, each.section), h("p", {}, visible(each.text))]),
      report.amendment_reason && [h("h2", {}, "Reason for the amendment"), h("p", {}, visible(report.amendment_reason))],
      signature ? h("div", { class: "sheet-signature" }, h("strong", {}, `Signed by ${visible(signature.signer_name)}, ${words(signature.role)}`), h("p", {}, `${moment(signature.signed_at)}: “${visible(signature.meaning)}”`), h("p", {}, `Status ${report.status}, version ${report.version}. SHA-256 of the signed content ${signature.content_sha256}`)) : h("div", { class: "sheet-signature" }, h("strong", {}, "Not signed.")),
      report.addenda.map((each, at) => [h("h2", {}, t("addendum.number", { number: at + 1 })), h("p", {}, visible(each.text)), h("div", { class: "sheet-signature" }, h("strong", {}, addendumTitle(each)), h("p", {}, `SHA-256 ${each.signature.content_sha256}`))]))))
  );
}
