// The files section: drop recordings, look at them, ask why a word was not found.
import { act, byId, complain, element, post, request, say, unpack } from "./page.js";
import { fetchSamples } from "./player.js";
import { RATE } from "./resampler.js";
import { forServer, model, settings, state, threshold } from "./settings.js";
import { clock, text } from "./strings.js";
import { eventRow, Timeline } from "./timeline.js";
import { Track } from "./track.js";

const PART_S = 90; // of a recording that the page holds
const MARGIN = 10 * RATE;
const POLL_MS = 400;
const WHY_S = 10; // a part that is not selected is as long as this around the highest score

let view, track, current = null, loading = null, timer = null;
const rows = new Map();
export const shown = { track: new Track(PART_S) };

export function setUpFiles() {
  track = shown.track;
  view = new Timeline(byId("file-view"), track, { live: false, load, name: () => current?.name.replace(/\.\w+$/, "") ?? "clip" });
  view.fetch = (from, to) => fetchSamples(`/api/recordings/${current.id}/audio?first=${from}&n=${Math.max(1, to - from)}`);
  for (const id of ["choose-files", "choose-folder"]) {
    byId(id).addEventListener("change", (event) => { upload([...event.target.files]); event.target.value = ""; });
  }
  const drop = byId("drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    upload(entries.length ? await filesOf(entries) : [...event.dataTransfer.files]);
  });
  act("why", why);
  act("again", async () => {
    await post(`/api/recordings/${current.id}/analyse`, forServer());
    watch();
  });
  refresh().catch((error) => complain(error.message));
}

async function filesOf(entries) {
  const found = [];
  for (const entry of entries) {
    if (entry.isFile) found.push(await new Promise((done, fail) => entry.file(done, fail)));
    else {
      const reader = entry.createReader();
      for (;;) { // a folder is read in parts
        const part = await new Promise((done, fail) => reader.readEntries(done, fail));
        if (!part.length) break;
        found.push(...(await filesOf(part)));
      }
    }
  }
  return found;
}

export async function upload(files) {
  complain("");
  const failures = [];
  for (const file of files) {
    say(text("uploading", file));
    try {
      if (file.size > settings.about.max_upload_mb * 2 ** 20) {
        throw new Error(text("too_large", { name: file.name, mb: settings.about.max_upload_mb }));
      }
      const query = new URLSearchParams({ name: file.name, settings: JSON.stringify(forServer()) });
      await request(`/api/recordings?${query}`, { method: "POST", body: file });
    } catch (error) {
      failures.push(text("upload_failed", { name: file.name, message: error.message }));
    }
    watch();
  }
  say("");
  complain(failures.join(" "));
}

function watch() {
  clearTimeout(timer);
  refresh().then((busy) => { if (busy) timer = setTimeout(watch, POLL_MS); }).catch((error) => complain(error.message));
}

async function refresh() {
  const { recordings } = await request("/api/recordings");
  byId("no-recordings").hidden = recordings.length > 0;
  const ids = new Set(recordings.map((recording) => recording.id));
  for (const [id, row] of rows) if (!ids.has(id)) { row.item.remove(); rows.delete(id); }
  for (const recording of recordings) showRow(recording);
  const shown = recordings.find((recording) => recording.id === current?.id);
  if (shown && shown.status === "ready" && current.status !== "ready") open(shown);
  else if (shown) current.status = shown.status;
  return recordings.some((recording) => ["waiting", "analysing"].includes(recording.status));
}

function showRow(recording) {
  const { id, name, status } = recording;
  if (!rows.has(id)) {
    const label = element("span");
    const openButton = element("button", { type: "button", textContent: text("open_short"), ariaLabel: text("open", { name }) });
    const remove = element("button", {
      type: "button", textContent: text("remove_short"), ariaLabel: text("remove", { name }),
      onclick: async () => {
        await request(`/api/recordings/${id}`, { method: "DELETE" });
        if (current?.id === id) { current = null; byId("recording").hidden = true; }
        watch();
      },
    });
    const item = element("li", {}, label, " ", openButton, " ", remove);
    byId("recordings").append(item);
    rows.set(id, { item, label, openButton });
  }
  const row = rows.get(id);
  const found = recording.events.filter((event) => event.kind === "detection");
  const line = text(`row_${status}`, {
    name, n: found.length, length: clock(recording.samples / RATE), percent: Math.round(100 * recording.progress), message: recording.error,
  });
  if (row.label.textContent !== line) row.label.textContent = line;
  row.label.className = status === "failed" ? "bad" : "";
  row.openButton.hidden = status !== "ready";
  row.openButton.onclick = () => { open(recording); byId("recording-name").focus(); };
}

export function open(recording) {
  current = { ...recording };
  loading = null;
  byId("recording").hidden = false;
  byId("recording-name").textContent = recording.name;
  byId("why-answer").replaceChildren();
  track.begin(recording);
  view.length = recording.samples;
  view.selection = null;
  byId("why-word").replaceChildren(...recording.words.map((word) =>
    element("option", { value: word.key, textContent: word.model_name === word.word ? word.word : `${word.word} (${word.model_name})` })));
  byId("file-events").replaceChildren(...recording.events.map((event) => eventRow(event, () => {
    view.show(event.detected);
    view.select(event.start, event.end ?? event.detected);
  })));
  view.seek(0);
}

// Loads the part around what is shown, unless it is here.
async function load(from, to) {
  if (!current || (from >= track.first && to <= track.end && track.end > track.first)) return;
  const first = Math.max(0, Math.round(from - MARGIN));
  const wanted = `${current.id} ${first}`;
  if (loading === wanted) return;
  loading = wanted;
  try {
    const n = Math.min(PART_S * RATE, Math.round(to + MARGIN) - first + 5120);
    const [message, samples] = await Promise.all([
      request(`/api/recordings/${current.id}/frames?first=${first}&n=${n}`),
      fetchSamples(`/api/recordings/${current.id}/audio?first=${first - (first % 5120)}&n=${n}`),
    ]);
    if (loading !== wanted) return; // another part is wanted by now
    track.begin(current, message.first);
    track.addAudio(samples);
    message.features = unpack(message.features);
    message.speech = unpack(message.speech);
    track.add({ ...message, events: current.events });
    view.changed = true;
  } catch (error) {
    complain(error.message);
  } finally {
    if (loading === wanted) loading = null;
  }
}

async function why() {
  const word = current.words.find((each) => each.key === byId("why-word").value);
  let [from, to] = view.selection ?? [0, 0];
  if (!view.selection) {
    const best = current.best[word.key]?.sample ?? 0;
    from = Math.max(0, best - (WHY_S / 2) * RATE);
    to = from + WHY_S * RATE;
  }
  from = Math.floor(from - (from % 640));
  const n = Math.max(RATE, Math.min(60 * RATE, to - from, current.samples - from));
  const found = await post(`/api/recordings/${current.id}/why`, {
    first: from, n: Math.round(n), model: word.model, word: word.word, state: state(),
    thresholds: { [word.model]: { [word.word]: model(word.model) ? threshold(word.model, word.word) : word.threshold } },
  });
  const states = found.states.map((other) => `${other.playback} ${other.score.toFixed(3)}`).join(", ");
  byId("why-answer").replaceChildren(
    element("p", { textContent: text("why_summary", { ...found, score: found.score.toFixed(3), at: clock(found.at) }) }),
    element("ul", {}, ...found.reasons.map((reason) => element("li", { textContent: text(`reason_${reason}`) }))),
    ...(states ? [element("p", { className: "hint", textContent: text("why_states", { states }) })] : []),
  );
  view.show(found.at * RATE);
}
