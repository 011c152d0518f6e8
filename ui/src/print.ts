// The report on paper or as a PDF, by the browser's own print: identity and notice on every page, signature and version at the end. Nothing of it is on the screen.
import type { Reading, Report } from "./answers/study.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { addendumTitle } from "./signed.ts";
import { age, date, moment, personName, visible, words } from "./format.ts";

const NOTICE = t("print.written_with_wetread_an_assistive");

// Made anew whenever something is printed: `shown` gives the version on the screen, with the words as they stand.
export function printsSheet(shown: () => { reading: Reading; report: Report } | null): void {
  const sheet = h("div", { class: "sheet", id: "sheet" });
  document.body.append(sheet);
  addEventListener("beforeprint", () => {
    const now = shown();
    sheet.replaceChildren(now ? paper(now.reading, now.report) : h("p", {}, t("print.there_is_no_report_to")));
    document.title = now ? t("print.report_version", { accession_number: visible(now.reading.identity.accession_number), version: now.report.version }) : document.title;
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
    [t("print.patient"), personName(identity.patient_name)], [t("print.patient_id"), identity.patient_id], [t("print.born"), date(identity.patient_birth_date)], [t("print.sex_age"), `${study.sex}, ${age(study.age_years)}`],
    [t("print.accession"), identity.accession_number], [t("print.study"), [date(identity.study_date), identity.study_description].filter(Boolean).join(", ")], [t("print.referred_by"), identity.referring_physician_name && personName(identity.referring_physician_name)], [t("print.site"), study.site],
  ];
  const status = signature ? t("print.version", { status: report.status, version: report.version }) : t("print.not_signed_version_this_is", { version: report.version });
  return h("table", { role: "presentation" },
    h("thead", {}, h("tr", {}, h("td", {}, h("div", { class: "sheet-head" }, h("strong", {}, personName(identity.patient_name)), t("print.accession_2", { patient_id: visible(identity.patient_id), accession_number: visible(identity.accession_number) }), h("span", {}, t("print.radiology_report", { status })))))),
    h("tfoot", {}, h("tr", {}, h("td", {}, h("div", { class: "sheet-foot" }, synthetic && t("print.synthetic_no_patient"), NOTICE)))),
    h("tbody", {}, h("tr", {}, h("td", {},
      h("h1", {}, t("print.radiology_report_2")),
      h("dl", { class: "sheet-facts" }, facts.filter(([, text]) => text).map(([name, text]) => [h("dt", {}, name), h("dd", {}, visible(text))])),
      report.content.sections.filter((each) => each.text.trim()).map((each) => [h("h2", {}, each.section), h("p", {}, visible(each.text))]),
      report.amendment_reason && [h("h2", {}, t("print.reason_for_the_amendment")), h("p", {}, visible(report.amendment_reason))],
      signature ? h("div", { class: "sheet-signature" }, h("strong", {}, t("print.signed_by", { signer_name: visible(signature.signer_name), role: words(signature.role) })), h("p", {}, `${moment(signature.signed_at)}: “${visible(signature.meaning)}”`), h("p", {}, t("print.status_version_sha_256_of", { status: report.status, version: report.version, content_sha256: signature.content_sha256 }))) : h("div", { class: "sheet-signature" }, h("strong", {}, t("print.not_signed"))),
      report.addenda.map((each, at) => [h("h2", {}, t("addendum.number", { number: at + 1 })), h("p", {}, visible(each.text)), h("div", { class: "sheet-signature" }, h("strong", {}, addendumTitle(each)), h("p", {}, `SHA-256 ${each.signature.content_sha256}`))]))))
  );
}
