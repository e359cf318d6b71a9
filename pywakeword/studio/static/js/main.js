// Starts the page: texts, sections, navigation.
import { setUpFiles } from "./files.js";
import { setUpKept, showKept } from "./kept.js";
import { setUpLive } from "./live.js";
import { byId, complain, request } from "./page.js";
import { showSettings } from "./settings.js";
import { localise, text } from "./strings.js";
import { setUpThreshold, showThreshold } from "./threshold.js";
import { setUpTraining } from "./training.js";

const SECTIONS = ["live", "files", "threshold", "train", "kept"];

function navigate(event) {
  const wanted = SECTIONS.includes(location.hash.slice(1)) ? location.hash.slice(1) : SECTIONS[0];
  for (const name of SECTIONS) byId(name).hidden = name !== wanted;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${wanted}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  complain("");
  document.title = `${byId(`${wanted}-heading`).textContent} – ${text("title")}`;
  if (event) byId(`${wanted}-heading`).focus();
  if (wanted === "threshold") showThreshold();
  if (wanted === "kept") showKept();
}

localise(document);
try {
  showSettings(await request("/api/studio"));
  setUpLive();
  setUpFiles();
  setUpThreshold();
  setUpTraining();
  setUpKept();
} catch (error) {
  complain(error.message);
}
addEventListener("hashchange", navigate);
navigate(null);
document.body.dataset.ready = "yes";
