// What an EHR opened: one study is shown at once, of several of one patient a person chooses, and what cannot be told for sure is not opened.
import type { Launch } from "./answers/launch.ts";
import { get, problemOf } from "./api.ts";
import { knows, t } from "./catalogue.ts";
import { byId, h, show } from "./dom.ts";
import { visible } from "./format.ts";

const say = (words: string) => (byId("said").textContent = words);

say(t("launch.looking"));
try {
  const { code, ehr, studies } = await get<Launch>("/api/launch", { renew: false });
  const [only] = studies;
  const key = `launch.${code}`;
  if (code) say(knows(key) ? t(key, { ehr: visible(ehr) }) : t("elsewhere.said.otherwise", { code }));
  else if (studies.length === 1 && only) location.replace(`/studies/${only.study_key}`);
  else {
    say(t("launch.choose", { ehr: visible(ehr), count: studies.length }));
    byId("studies").append(...studies.map((each) => h("li", {}, h("a", { href: `/studies/${each.study_key}` }, `${visible(each.study_date) || t("launch.undated")} ${visible(each.study_description)}`))));
    show(byId("studies"), true);
  }
} catch (thrown) {
  const { code, message } = problemOf(thrown);
  const key = `elsewhere.said.${code}`;
  say(knows(key) ? t(key) : message);
}
