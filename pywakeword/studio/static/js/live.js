// The live section: microphone, connection, view.
import { openMicrophone } from "./capture.js";
import { act, byId, complain, request, say, unpack } from "./page.js";
import { RATE } from "./resampler.js";
import { forServer, settings } from "./settings.js";
import { clock, text } from "./strings.js";
import { eventRow, Timeline } from "./timeline.js";
import { Track } from "./track.js";

export const KEPT_S = 300; // of audio and what was computed from it
const MAX_WAITING = 2 * RATE; // samples on the way to the server; more are dropped
const MAX_ROWS = 100;
const CLIP_S = 8;
const RETRY_MS = [500, 1000, 2000, 4000];

export const live = {
  track: new Track(KEPT_S), view: null, socket: null, microphone: null, wanted: false,
  sent: [], waiting: 0, lost: 0, tries: 0, counting: false, onCount: null, onBlock: null,
};

export function setUpLive() {
  live.track.begin({ words: [], speech_delay: 0 });
  live.view = new Timeline(byId("live-view"), live.track, { live: true, name: () => "live" });
  act("live-start", start);
  act("live-stop", () => stopListening(text("stopped")));
  act("false-alarm", () => keep("false_alarm"));
  act("missed", () => keep("missed"));
  settings.listeners.push((what) => {
    if (!live.socket) return;
    if (what === "models") restart();
    else if (what === "state") send({ type: "state", state: forServer().state });
    else if (what === "thresholds") send({ type: "thresholds", thresholds: settings.thresholds });
  });
}

export async function start() {
  complain("");
  say(text("starting"));
  live.wanted = true;
  live.lost = 0;
  showLost();
  byId("live-start").disabled = true;
  try {
    if (byId("source").value === "browser") live.microphone = await openMicrophone(onBlock, () => {
      stopListening("");
      complain(text("microphone_ended"));
    });
    if (!live.wanted) { stopListening(text("stopped")); return; } // stopped meanwhile
    connect();
  } catch (error) {
    stopListening("");
    throw error;
  }
}

export function stopListening(message) {
  live.wanted = false;
  live.microphone?.close();
  live.microphone = null;
  const socket = live.socket;
  live.socket = null;
  socket?.close();
  buttons(false);
  say(message);
}

function buttons(on) {
  byId("live-start").disabled = on;
  byId("live-stop").disabled = !on;
  byId("source").disabled = on;
  byId("false-alarm").disabled = byId("missed").disabled = live.track.end === live.track.first;
}

function restart() {
  const socket = live.socket;
  live.socket = null;
  socket?.close();
  connect();
}

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  live.socket = null;
  live.sent = [];
  live.waiting = 0;
  let refused = "";
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ type: "start", source: byId("source").value, ...forServer() }));
  });
  socket.addEventListener("message", (event) => {
    if (event.data instanceof ArrayBuffer) { live.sent.push(new Int16Array(event.data)); return; }
    const message = JSON.parse(event.data);
    if (message.type === "error") refused = message.message;
    else if (message.type === "started") onStarted(socket, message);
    else if (message.type === "thresholds") live.track.setWords(message.words);
    else if (live.socket === socket) onFrames(message);
  });
  socket.addEventListener("close", () => {
    if (live.socket !== socket && live.socket !== null) return; // another one took over
    if (!live.wanted) return;
    live.socket = null;
    if (refused) {
      stopListening("");
      complain(text("server_error", { message: refused }));
      return;
    }
    say(text("reconnecting"));
    setTimeout(() => live.wanted && !live.socket && connect(), RETRY_MS[Math.min(live.tries++, RETRY_MS.length - 1)]);
  });
}

function onStarted(socket, message) {
  if (!live.wanted) { socket.close(); return; }
  live.socket = socket;
  const again = live.tries > 0;
  live.tries = 0;
  live.track.begin(message);
  live.view.setFollow(true);
  byId("live-events").replaceChildren();
  if (live.counting) send({ type: "count", on: true });
  buttons(true);
  const words = [...new Set(message.words.map((word) => word.word))].join(", ");
  say((again ? `${text("reconnected")} ` : "") + text("listening", { words }));
}

export function send(message) {
  if (live.socket?.readyState === WebSocket.OPEN) live.socket.send(JSON.stringify(message));
}

function onBlock(block) {
  live.onBlock?.(block);
  if (live.socket?.readyState !== WebSocket.OPEN) return;
  if (live.waiting > MAX_WAITING) { // the server is behind: newer audio is dropped
    live.lost += block.length;
    showLost();
    return;
  }
  live.sent.push(block);
  live.waiting += block.length;
  live.socket.send(block);
}

function onFrames(message) {
  // The audio is added when its scores are here, so that both end at the same place.
  let n = message.n;
  while (n > 0 && live.sent.length) {
    const block = live.sent[0];
    if (block.length <= n) live.sent.shift();
    else live.sent[0] = block.subarray(n);
    live.track.addAudio(block.subarray(0, n));
    n -= Math.min(n, block.length);
    live.waiting = Math.max(0, live.waiting - block.length);
  }
  message.features = unpack(message.features);
  message.speech = unpack(message.speech);
  live.track.add(message);
  showMeters(message);
  for (const event of message.events) onEvent(event);
  if (message.count) live.onCount?.(message.count);
}

function showMeters(message) {
  byId("level").textContent = text("dbfs", { n: message.level.toFixed(0) });
  const last = message.speech.at(-1);
  if (last !== undefined) byId("speech").textContent = text(last > 127 ? "yes" : "no");
  byId("erle").textContent = message.erle == null ? text("none") : text("db", { n: message.erle });
  byId("time").textContent = clock(live.track.end / RATE);
  byId("false-alarm").disabled = byId("missed").disabled = false;
}

function showLost() {
  byId("lost").textContent = text("seconds", { n: (live.lost / RATE).toFixed(1) });
}

function onEvent(event) {
  const rows = byId("live-events");
  rows.prepend(eventRow(event, () => live.view.show(event.detected)));
  while (rows.children.length > MAX_ROWS) rows.lastChild.remove();
  if (event.kind === "detection") say(text("announce", { word: event.word, score: event.score.toFixed(3) }));
}

async function keep(kind) {
  const [from, to] = live.view.selection ? live.view.part() : [live.track.end - CLIP_S * RATE, live.track.end];
  const samples = live.track.samples(from, Math.min(to, from + settings.about.longest_clip_s * RATE));
  const last = live.track.events.filter((event) => event.kind === "detection" && event.detected <= to).at(-1);
  const word = live.track.words.find((each) => each.key === last?.key) ?? live.track.words[0];
  const { playback, volume } = forServer().state;
  const query = new URLSearchParams({ kind, word: word.word, model: word.model, threshold: word.threshold, playback, volume: volume ?? "" });
  if (last && kind === "false_alarm") query.set("score", last.score);
  byId("kept-note").textContent = "";
  const { on } = await request("/api/kept");
  if (!on) throw new Error(text("keep_off"));
  await request(`/api/kept?${query}`, { method: "POST", body: samples });
  byId("kept-note").textContent = text("clip_kept");
}

