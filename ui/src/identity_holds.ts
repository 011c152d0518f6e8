// Is the film of the patient that the hospital says? What film and order say stands side by side above the film until a person has answered; a mismatch stops the signature.
import type { Compared, Hold, Person } from "./answers/identity.ts";
import { get, problemOf, send } from "./api.ts";
import { h, show } from "./dom.ts";
import { date, personName, visible } from "./format.ts";
import { may } from "./session.ts";
import { t } from "./catalogue.ts";

export const TITLES: Record<Hold["kind"], string> = {
  patient_mismatch: t("hold.film_and_order_are_of"),
  demographics: t("hold.the_hospitals_record_says_something"),
  patient_merged: t("hold.the_hospital_merged_this_patient"),
  merge_undone: t("hold.a_merge_of_this_patient"),
  order_cancelled: t("hold.the_order_for_this_film"),
};
const ROWS: [string, string, (person: Person) => string][] = [
  ["name", t("hold.name"), (each) => personName(each.patient_name)],
  ["birth_date", t("hold.born"), (each) => date(each.patient_birth_date)],
  ["sex", t("hold.sex"), (each) => each.patient_sex],
  ["patient_id", t("hold.number"), (each) => visible(each.patient_id)],
  ["issuer_of_patient_id", t("hold.issuer"), (each) => visible(each.issuer_of_patient_id)],
];

export class IdentityHolds {
  private shown = "";

  constructor(
    private readonly address: string,
    private readonly place: HTMLElement,
    private readonly answered: () => Promise<void> = () => this.refresh(),
  ) {}

  // Also when a message comes while the study is open. A server that does not answer changes nothing: the signature asks again.
  async refresh(): Promise<void> {
    const { holds } = await get<{ holds: Compared[] }>(`${this.address}/identity`, { background: true });
    this.draw(holds.filter((each) => each.answer === null || each.stops_signing));
  }

  private draw(open: Compared[], problem = ""): void {
    const said = JSON.stringify([open, problem]);
    if (said === this.shown) return; // nothing new: the button under somebody's finger stays
    this.shown = said;
    this.place.replaceChildren(...open.map((each) => this.hold(each)), ...(problem ? [h("p", { class: "alert" }, problem)] : []));
    this.place.classList.toggle("stops", open.some((each) => each.stops_signing));
    show(this.place, open.length > 0);
  }

  private hold(each: Compared): HTMLElement {
    const { film, said } = each;
    const rows = film && said ? ROWS.filter(([, , of]) => of(film) || of(said)) : [];
    const line = ([name, label, of]: (typeof ROWS)[number]) => h("tr", { class: each.differs.includes(name) ? "differs" : "" }, h("th", { scope: "row" }, label), h("td", {}, film ? of(film) : ""), h("td", {}, said ? of(said) : ""));
    const heads = h("tr", {}, h("td"), h("th", { scope: "col" }, t("hold.film")), h("th", { scope: "col" }, each.kind === "patient_mismatch" ? t("hold.order") : t("hold.hospital")));
    const stays = each.answer === "wrong_patient" ? t("hold.found_to_be_another_patients") : each.stops_signing ? t("hold.it_cannot_be_signed_or") : "";
    return h("div", { class: "hold" },
      h("div", {}, h("strong", {}, TITLES[each.kind]), stays ? h("p", { class: "quiet-line" }, stays) : "", h("div", { class: "bar" }, ...this.answers(each))),
      rows.length ? h("table", { "aria-label": TITLES[each.kind] }, heads, ...rows.map(line)) : "");
  }

  private answers(each: Compared): HTMLElement[] {
    if (!may("edit_draft")) return [];
    const button = (answer: NonNullable<Hold["answer"]>, text: string) => h("button", { type: "button", onclick: () => this.answer(each, answer) }, text);
    if (each.kind !== "patient_mismatch") return [button("seen", t("hold.seen"))];
    const right = button("right_patient", t("hold.it_is_the_right_patient"));
    return each.answer ? [right] : [right, button("wrong_patient", t("hold.it_is_the_wrong_patient"))];
  }

  private async answer(each: Compared, answer: NonNullable<Hold["answer"]>): Promise<void> {
    try {
      await send<Hold>("POST", `${this.address}/identity`, { body: { hold_key: each.hold_key, answer } });
      await this.answered();
    } catch (thrown) {
      this.draw([each], problemOf(thrown).message);
    }
  }
}
