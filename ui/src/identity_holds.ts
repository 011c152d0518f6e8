// Is the film of the patient that the hospital says? What film and order say stands side by side above the film until a person has answered; a mismatch stops the signature.
import type { Compared, Hold, Person } from "./answers/identity.ts";
import { get, problemOf, send } from "./api.ts";
import { h, show } from "./dom.ts";
import { date, personName, visible } from "./format.ts";
import { may } from "./session.ts";

const TITLES: Record<Hold["kind"], string> = {
  patient_mismatch: "Film and order are of different patients",
  demographics: "The hospital's record says something else of this patient",
  patient_merged: "The hospital merged this patient: the study stands under another number than its films",
  merge_undone: "A merge of this patient was undone: the study stands under its films' number again",
  order_cancelled: "The order for this film was cancelled",
};
const ROWS: [string, string, (person: Person) => string][] = [
  ["name", "Name", (each) => personName(each.patient_name)],
  ["birth_date", "Born", (each) => date(each.patient_birth_date)],
  ["sex", "Sex", (each) => each.patient_sex],
  ["patient_id", "Number", (each) => visible(each.patient_id)],
  ["issuer_of_patient_id", "Issuer", (each) => visible(each.issuer_of_patient_id)],
];

export class IdentityHolds {
  private shown = "";

  constructor(
    private readonly address: string,
    private readonly place: HTMLElement,
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
    const heads = h("tr", {}, h("td"), h("th", { scope: "col" }, "Film"), h("th", { scope: "col" }, each.kind === "patient_mismatch" ? "Order" : "Hospital"));
    const stays = each.answer === "wrong_patient" ? "Found to be another patient's: it can neither be signed nor sent. Have the archive or the order corrected." : each.stops_signing ? "It cannot be signed or sent until somebody has looked." : "";
    return h("div", { class: "hold" },
      h("div", {}, h("strong", {}, TITLES[each.kind]), stays ? h("p", { class: "quiet-line" }, stays) : "", h("div", { class: "bar" }, ...this.answers(each))),
      rows.length ? h("table", { "aria-label": TITLES[each.kind] }, heads, ...rows.map(line)) : "");
  }

  private answers(each: Compared): HTMLElement[] {
    if (!may("edit_draft")) return [];
    const button = (answer: NonNullable<Hold["answer"]>, text: string) => h("button", { type: "button", onclick: () => this.answer(each, answer) }, text);
    if (each.kind !== "patient_mismatch") return [button("seen", "Seen")];
    const right = button("right_patient", "It is the right patient");
    return each.answer ? [right] : [right, button("wrong_patient", "It is the wrong patient")];
  }

  private async answer(each: Compared, answer: NonNullable<Hold["answer"]>): Promise<void> {
    try {
      await send<Hold>("POST", `${this.address}/identity`, { body: { hold_key: each.hold_key, answer } });
      await this.refresh();
    } catch (thrown) {
      this.draw([each], problemOf(thrown).message);
    }
  }
}
