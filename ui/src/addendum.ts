// The dialog behind an addendum: words and signature in one act, because nothing of it stands open in between.
import type { Session } from "./answers/session.ts";
import type { Report } from "./answers/study.ts";
import { problemOf, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { dialog, h } from "./dom.ts";
import { ownSecret, secretField } from "./second_component.ts";

const MOST = 4000;

export function askToAdd(studyKey: string, { session, report }: { session: Session; report: Report }): Promise<Report | null> {
  return dialog<Report>(t("addendum.title"), (close) => {
    const text = h("textarea", { id: "addendum-text", rows: 5, maxlength: MOST, required: true, autofocus: true });
    const password = ownSecret({ id: "addendum-password" });
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary" }, t("addendum.sign"));
    const submit = async (event: Event) => {
      event.preventDefault();
      button.disabled = true;
      error.textContent = "";
      try {
        close(await send("POST", `/api/studies/${studyKey}/addendum`, { body: { version: report.version, text: text.value, meaning: t("addendum.meaning"), password: password.value } }));
      } catch (thrown) {
        const problem = problemOf(thrown);
        error.textContent = problem.status === 412 ? t("sign.overtaken") : problem.message;
        button.disabled = false;
        password.select();
      }
    };
    return h("form", { onsubmit: submit }, h("input", { autocomplete: "username", value: session.actor_id, hidden: true, readonly: true, "aria-hidden": "true", tabindex: -1 }),
      h("p", { class: "muted" }, t("addendum.about"), " ", t("addendum.amend")),
      h("div", {}, h("label", { for: "addendum-text" }, t("addendum.words")), text),
      h("p", {}, t("addendum.as", { name: session.display_name, meaning: t("addendum.meaning") })),
      secretField(t("sign.password"), password, true), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("cancel")), button));
  }, { stay: true });
}
