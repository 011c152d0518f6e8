// The reading page, as it is loaded: one study, and from there the next in its place.
import { byId } from "./dom.ts";
import { listen, sheet } from "./keys.ts";
import { follow } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin } from "./session.ts";
import { CriticalStrip } from "./strip.ts";
import { StudyPage } from "./study_page.ts";

let strip: CriticalStrip | null = null;
const page = new StudyPage(byId("read-here"), { turned: (studyKey) => strip?.turnTo(studyKey), leave: (path) => location.assign(path), list: false });
const first = page.put(location.pathname.split("/").at(-1) ?? ""); // the film takes longest: it is under way while the page finds out who is signed in
await begin();
const leave = (path: string) => page.leave(path);
const critical = (strip = new CriticalStrip({ studyKey: first.studyKey, leave }));
const masthead = new Masthead(critical);
const bindings = () => [...page.bindings, ...critical.bindings, ...roomBindings(leave)];
byId("keys").addEventListener("click", () => sheet(bindings()));
listen(bindings);
page.start();
masthead.refresh().catch(() => {});
await page.begin(first);
follow(() => Promise.all([page.refresh(), masthead.refresh()]), (up) => masthead.say(up));
