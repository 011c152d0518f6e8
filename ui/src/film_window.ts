// The film alone, for another monitor: it shows what the reading page shows, and stays when that page goes on to the next study.
import { byId } from "./dom.ts";
import { FilmViewer } from "./film/viewer.ts";
import { listen, sheet } from "./keys.ts";
import { begin } from "./session.ts";
import { t } from "./catalogue.ts";

const studyKey = location.pathname.split("/").at(-1) ?? "";
const film = new FilmViewer(byId("film"), studyKey);
await begin();
listen(film.bindings);
byId("keys").addEventListener("click", () => sheet(film.bindings));
film.follow((shown) => {
  byId("patient").textContent = shown?.patient ?? "";
  byId("live").textContent = shown ? t("window.in_step_with_the_reading") : t("window.the_reading_page_goes_to");
});
film.focus();
