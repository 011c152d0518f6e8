// What in a report contradicts itself, its marks or the patient: the server's answer, shown while one writes and again before one signs. It blocks nothing.
import type { ReportWarning } from "./answers/reading.ts";
import type { ReportContent } from "./answers/study.ts";
import { send } from "./api.ts";
import { h } from "./dom.ts";
import { t } from "./catalogue.ts";

const QUIET_MS = 900;
const PATIENCE_MS = 1500;

export class Warnings {
  readonly element = h("ul", { class: "warnings", "aria-label": t("warnings.contradictions_in_this_report"), "aria-live": "polite" });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly address: string,
    private readonly content: () => ReportContent,
    private readonly onChoose: (warning: ReportWarning) => unknown,
  ) {}

  changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask().then((found) => this.show(found), () => {}), QUIET_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  // For the moment of signing: a server that does not answer in time holds nobody up, and that is said.
  async now(): Promise<ReportWarning[] | null> {
    this.stop();
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
    const found = await Promise.race([this.ask().catch(() => null), late]);
    if (found) this.show(found);
    return found;
  }

  private ask(): Promise<ReportWarning[]> {
    return send<{ warnings: ReportWarning[] }>("POST", `${this.address}/check`, { body: this.content(), renew: false }).then(({ warnings }) => warnings);
  }

  private show(found: ReportWarning[]): void {
    this.element.replaceChildren(...found.map((each) => h("li", {}, each.section ? h("button", { class: "quiet", onclick: () => this.onChoose(each) }, each.says) : each.says)));
  }
}
