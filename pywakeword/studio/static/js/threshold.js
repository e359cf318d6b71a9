// The threshold section: a slider in false accepts per hour, and what is counted here.
import { live, send } from "./live.js";
import { act, byId, colour, complain, element, post } from "./page.js";
import { model, setThreshold, settings, threshold } from "./settings.js";
import { text } from "./strings.js";

let counted = null; // the newest count of the live stream
let before = { seconds: 0, counts: {}, detections: {} }; // counts of earlier connections

export function setUpThreshold() {
  byId("threshold-word").addEventListener("change", showWord);
  byId("slider").addEventListener("input", () => { choose(); });
  byId("slider").addEventListener("change", () => apply());
  act("count", toggleCounting);
  act("use", use);
  live.onCount = (count) => {
    if (counted && count.seconds < counted.seconds) add(counted);
    counted = count;
    if (!byId("threshold").hidden) showCount();
  };
  settings.listeners.push((what) => { if (what === "models" && !byId("threshold").hidden) showThreshold(); });
}

export function showThreshold() {
  const chosen = byId("threshold-word").value;
  const words = settings.models.flatMap((id) => Object.keys(settings.about.figures[id] ?? {}).map((word) => [id, word]));
  byId("threshold-word").replaceChildren(...words.map(([id, word]) => {
    const name = model(id).name === word ? word : `${word} (${model(id).name})`;
    return element("option", { value: `${id}/${word}`, textContent: name, selected: `${id}/${word}` === chosen });
  }));
  showWord();
}

function current() {
  const key = byId("threshold-word").value;
  const [id, word] = key.split("/");
  return { key, id, word, figures: settings.about.figures[id][word] };
}

// One position per rate: of the thresholds with the same false accepts, the lowest misses fewest.
// A community model has no figures: each of its thresholds is a position.
function positions(figures) {
  if (!figures.hours) return [...figures.rows.keys()];
  const found = [];
  figures.rows.forEach((row, index) => {
    if (!found.length || figures.rows[found.at(-1)].false_accepts !== row.false_accepts || figures.rows[found.at(-1)].misses !== row.misses) found.push(index);
  });
  return found;
}

function showWord() {
  const { id, word, figures } = current();
  const slider = byId("slider");
  const steps = positions(figures);
  slider.max = steps.length - 1;
  const inUse = threshold(id, word);
  const at = steps.findLastIndex((index) => figures.rows[index].threshold <= inUse + 1e-9);
  slider.value = Math.max(0, at);
  if (!figures.hours) byId("card-note").textContent = text("no_card");
  else byId("card-note").textContent = text("card_note", { hours: figures.hours.toFixed(2), takes: figures.takes, lowest: number(figures.lowest_rate) });
  choose();
}

const rowOf = (figures) => figures.rows[positions(figures)[Number(byId("slider").value)]];

const number = (value) => (value >= 10 ? value.toFixed(0) : value.toPrecision(2));
const percent = (value) => (100 * value).toFixed(1);

function choose() {
  const { figures } = current();
  const row = rowOf(figures);
  byId("curve").hidden = !figures.hours;
  if (!figures.hours) {
    chooseWithoutFigures(row);
    return;
  }
  const [rate, low, high] = row.per_hour;
  const value = text("slider_value", { rate: number(rate), misses: percent(row.miss_rate[0]), threshold: row.threshold });
  byId("slider").setAttribute("aria-valuetext", value);
  byId("chosen").textContent = text("chosen", { threshold: row.threshold, rate: number(rate) });
  byId("card-rate").textContent = text("rate_interval", { rate: number(rate), low: number(low), high: number(high), count: row.false_accepts, hours: figures.hours.toFixed(2) });
  const [missRate, missLow, missHigh] = row.miss_rate;
  byId("card-misses").textContent = text("miss_interval", { rate: percent(missRate), low: percent(missLow), high: percent(missHigh), count: row.misses, takes: figures.takes });
  showConditions(figures, row);
  drawCurve(figures, row, value);
  showCount();
}

function chooseWithoutFigures(row) {
  const value = text("chosen_without_figures", { threshold: row.threshold });
  byId("slider").setAttribute("aria-valuetext", value);
  byId("chosen").textContent = value;
  byId("card-rate").textContent = byId("card-misses").textContent = text("not_measured");
  byId("conditions-note").textContent = text("no_conditions");
  byId("conditions").replaceChildren();
  showCount();
}

function apply() {
  const { id, word, figures } = current();
  setThreshold(id, word, rowOf(figures).threshold);
}

function showConditions(figures, row) {
  // A card has its conditions at a few rates: the nearest threshold is shown, and named.
  const nearest = figures.conditions.map((c) => c.per_hour).reduce((best, rate) =>
    (best === null || Math.abs(Math.log(rate / Math.max(0.1, row.per_hour[0]))) < Math.abs(Math.log(best / Math.max(0.1, row.per_hour[0]))) ? rate : best), null);
  const shown = figures.conditions.filter((c) => c.per_hour === nearest);
  byId("conditions-note").textContent = shown.length ? text("conditions_note", { rate: nearest, threshold: shown[0].threshold }) : text("no_conditions");
  byId("conditions").replaceChildren(...shown.map((c) => element("tr", {},
    element("td", { textContent: c.condition }),
    element("td", { textContent: text("missed_of", c) }),
    element("td", { textContent: text("interval", { low: percent(c.interval[0]), high: percent(c.interval[1]) }) }))));
}

function drawCurve(figures, row, value) {
  const canvas = byId("curve");
  canvas.setAttribute("aria-label", text("curve_label", { value }));
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(200, canvas.clientWidth), height = 220;
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  canvas.style.height = `${height}px`;
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  c.font = "12px system-ui, sans-serif";
  const least = 0.5 / figures.hours, most = Math.max(...figures.rows.map((r) => r.per_hour[0]), 2 * least);
  const x = (rate) => width - 30 - ((Math.log(Math.max(rate, least)) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (width - 70);
  const y = (share) => 10 + (1 - share) * (height - 45);
  c.strokeStyle = colour("--line");
  c.fillStyle = colour("--soft");
  for (const rate of [0.1, 0.3, 1, 3, 10, 30, 100, 300]) {
    if (rate < least || rate > most) continue;
    c.beginPath(); c.moveTo(x(rate), 10); c.lineTo(x(rate), height - 35); c.stroke();
    c.fillText(`${rate}/h`, x(rate) - 10, height - 20);
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) c.fillText(`${100 * share} %`, 2, y(share) + 4);
  c.strokeStyle = c.fillStyle = colour("--accent");
  c.globalAlpha = 0.25; // the intervals of the misses
  c.beginPath();
  figures.rows.forEach((r) => c.lineTo(x(r.per_hour[0]), y(r.miss_rate[2])));
  [...figures.rows].reverse().forEach((r) => c.lineTo(x(r.per_hour[0]), y(r.miss_rate[1])));
  c.fill();
  c.globalAlpha = 1;
  c.lineWidth = 2;
  c.beginPath();
  figures.rows.forEach((r) => c.lineTo(x(r.per_hour[0]), y(r.miss_rate[0])));
  c.stroke();
  c.fillStyle = colour("--word");
  c.beginPath(); c.arc(x(row.per_hour[0]), y(row.miss_rate[0]), 7, 0, 7); c.fill();
}

function toggleCounting() {
  if (!live.socket) throw new Error(text("count_needs_live"));
  live.counting = !live.counting;
  if (live.counting) {
    counted = null;
    before = { seconds: 0, counts: {}, detections: {} };
  }
  send({ type: "count", on: live.counting });
  byId("count").setAttribute("aria-pressed", String(live.counting));
  byId("count").textContent = text(live.counting ? "count_stop" : "count_start");
  showCount();
}

function add(count) {
  before.seconds += count.seconds;
  for (const [key, counts] of Object.entries(count.counts)) {
    const old = before.counts[key] ?? [];
    before.counts[key] = counts.map((value, i) => value + (old[i] ?? 0));
  }
}

function showCount() {
  const { key, figures } = current();
  const counts = counted?.counts[key];
  if (!counts) {
    byId("here-time").textContent = byId("here-rate").textContent = text("not_counting");
    return;
  }
  const index = figures.rows.indexOf(rowOf(figures));
  const count = counts[index] + (before.counts[key]?.[index] ?? 0);
  const hours = (counted.seconds + before.seconds) / 3600;
  const [low, high] = poissonInterval(count);
  byId("here-time").textContent = hours < 1 ? text("minutes", { n: (60 * hours).toFixed(1) }) : text("hours", { n: hours.toFixed(2) });
  byId("here-rate").textContent = text("rate_interval", { rate: number(count / hours), low: number(low / hours), high: number(high / hours), count, hours: hours.toFixed(2) });
}

// The exact 95 % interval of a Poisson mean, as `poisson_interval` of the package computes it.
export function poissonInterval(count) {
  const bound = (n, probability) => {
    let low = 0, high = n + 10 * Math.sqrt(n + 1) + 10;
    for (let i = 0; i < 60; i++) {
      const mean = (low + high) / 2;
      let term = -mean, sum = Math.exp(term);
      for (let k = 1; k <= n; k++) { term += Math.log(mean / k); sum += Math.exp(term); }
      if (sum > probability) low = mean; else high = mean;
    }
    return (low + high) / 2;
  };
  return [count ? bound(count - 1, 0.975) : 0, bound(count, 0.025)];
}

async function use() {
  apply();
  const thresholds = {};
  for (const id of settings.models) for (const word of Object.keys(model(id).thresholds)) thresholds[word] = threshold(id, word);
  const { path } = await post("/api/config", { models: settings.models, thresholds });
  complain("");
  byId("used").textContent = text("used", { path });
}
