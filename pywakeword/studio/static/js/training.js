// The section that records takes, checks them, and trains a word.
import { openMicrophone } from "./capture.js";
import { live, start as startLive } from "./live.js";
import { act, byId, complain, element, post, request, say } from "./page.js";
import { fetchSamples, play } from "./player.js";
import { RATE } from "./resampler.js";
import { settings, showSettings, changed } from "./settings.js";
import { clock, fill, text, TEXT } from "./strings.js";

const TAKE_S = 3, POLL_MS = 500, MAX_LOG = 500;
let microphone = null, takes = [], listed = "", timer = null, lines = 0, job = null;

export function setUpTraining() {
  act("record", record);
  act("drop-last", async () => { await remove(takes[0].id); byId("record").focus(); });
  byId("train-word").addEventListener("change", () => showTakes().catch((error) => complain(error.message)));
  document.addEventListener("keydown", (event) => {
    if (byId("train").hidden || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    const button = { r: "record", d: "drop-last" }[event.key.toLowerCase()];
    if (button && !byId(button).disabled) { event.preventDefault(); byId(button).click(); }
  });
  act("training-start", async () => {
    byId("log").textContent = "";
    lines = 0;
    showJob(await post("/api/training", { word: word() }));
    poll();
  });
  act("training-cancel", async () => { showJob(await post("/api/training/cancel", {})); });
  act("training-try", tryModel);
  prompt();
  poll();
}

function word() {
  const found = byId("train-word").value.trim();
  if (!found) { byId("train-word").focus(); throw new Error(text("need_word")); }
  return found;
}

function prompt() {
  const name = byId("train-word").value.trim() || "…";
  const pattern = TEXT.prompts[takes.length % TEXT.prompts.length];
  byId("prompt").textContent = text("take_count", { n: takes.length + 1 }) + fill(pattern, { word: name });
}

// Records for three seconds. The level is shown while it records.
async function record() {
  const name = word();
  const blocks = [];
  let n = 0, done;
  const finished = new Promise((resolve) => { done = resolve; });
  const onBlock = (block) => {
    let peak = 1;
    for (const sample of block) peak = Math.max(peak, Math.abs(sample));
    byId("record-level").value = 20 * Math.log10(peak / 32768);
    blocks.push(block);
    n += block.length;
    if (n >= TAKE_S * RATE) done();
  };
  byId("record").disabled = true;
  try {
    if (live.microphone) live.onBlock = onBlock;
    else microphone = await openMicrophone(onBlock, () => done());
    byId("take-result").textContent = text("recording");
    await finished;
  } finally {
    live.onBlock = null;
    microphone?.close();
    microphone = null;
    byId("record").disabled = false;
    byId("record").focus();
  }
  const samples = new Int16Array(n);
  let at = 0;
  for (const block of blocks) { samples.set(block, at); at += block.length; }
  const found = await request(`/api/takes?${new URLSearchParams({ word: name })}`, { method: "POST", body: samples });
  const problems = found.problems.map((code) => text(`problem_${code}`)).join(" ");
  const result = byId("take-result");
  result.textContent = !found.usable ? text("take_bad", { problems })
    : problems ? text("take_kept_but", { problems }) : text("take_good", { level: found.level.toFixed(0) });
  result.className = found.usable ? "good" : "bad";
  await showTakes();
}

async function showTakes() {
  listed = byId("train-word").value.trim();
  takes = listed ? (await request(`/api/takes?${new URLSearchParams({ word: listed })}`)).takes : [];
  const query = new URLSearchParams({ word: listed });
  byId("takes").replaceChildren(...takes.map((take, i) => {
    const n = takes.length - i;
    return element("li", {}, text("take_row", { length: clock((take.samples ?? TAKE_S * RATE) / RATE), level: take.level?.toFixed(0) }), " ",
      element("button", { type: "button", textContent: text("play_short"), ariaLabel: text("play_take", { n }), onclick: async () => play(await fetchSamples(`/api/takes/${take.id}?${query}`)) }), " ",
      element("button", { type: "button", textContent: text("delete_short"), ariaLabel: text("delete_take", { n }), onclick: () => remove(take.id) }));
  }));
  byId("drop-last").disabled = !takes.length;
  prompt();
}

async function remove(id) {
  await request(`/api/takes/${id}?${new URLSearchParams({ word: listed })}`, { method: "DELETE" });
  await showTakes();
  byId("record").focus();
}

async function poll() {
  clearTimeout(timer);
  try {
    showJob(await request(`/api/training?after=${lines}`));
  } catch (error) {
    if (!byId("train").hidden) complain(error.message);
  }
  if (job?.status === "running") timer = setTimeout(poll, POLL_MS);
}

function showJob(found) {
  const before = job?.status;
  job = found;
  const running = found.status === "running";
  byId("training-start").disabled = running;
  byId("training-start").textContent = text(found.status === "cancelled" ? "training_resume" : "training_start");
  byId("training-cancel").disabled = !running;
  byId("training-try").disabled = !found.model;
  byId("progress").value = found.status === "done" ? 100 : (found.percent ?? 0);
  const status = text(`training_${found.status}`, { word: found.word, message: found.error });
  if (byId("training-status").textContent !== status) byId("training-status").textContent = status;
  if (found.lines.length) {
    const log = [...byId("log").textContent.split("\n").filter(Boolean), ...found.lines];
    byId("log").textContent = log.slice(-MAX_LOG).join("\n");
    byId("log").scrollTop = byId("log").scrollHeight;
  }
  lines = found.n_lines;
  if (before === "running" && found.status === "done") say(status);
}

// Chooses the new model beside those that find the same word, and begins to listen.
async function tryModel() {
  const about = await request("/api/studio");
  const trained = about.models.find((entry) => entry.id === job.model);
  const words = Object.keys(trained.thresholds);
  const old = about.models.filter((entry) => entry.id !== trained.id && Object.keys(entry.thresholds).some((each) => words.includes(each)));
  settings.models = [...new Set([...old.map((entry) => entry.id), trained.id])];
  showSettings(about);
  changed("models");
  location.hash = "#live";
  if (!live.socket) await startLive();
}
