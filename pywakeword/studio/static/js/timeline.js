// Draws a track: waveform, spectrogram, speech, scores, events; moves through it, plays parts.
import { colour, complain, element } from "./page.js";
import { play, playedSeconds, save, stop } from "./player.js";
import { RATE } from "./resampler.js";
import { clock, text } from "./strings.js";
import { BINS, HOP } from "./track.js";

const WAVE = 70, SPECTRUM = 128, VOICE = 22, SCORE = 60, GAP = 4;
const SPANS = [2, 5, 10, 20, 60];
const LAG = 1280; // samples that a moving view stays behind, so that it never waits
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Timeline {
  // `load(from, to)` is called when a part is shown that a recording's track has not loaded.
  constructor(root, track, { live, load = null, name = () => "clip" }) {
    Object.assign(this, { track, live, load, name });
    this.span = 10;
    this.follow = live;
    this.edge = 0; // sample at the right end
    this.length = 0; // of a recording, in samples
    this.selection = null;
    this.playing = null;
    this.frames = 0; // drawn so far
    this.canvas = element("canvas", { ariaHidden: "true" });
    const button = (name, onclick) => element("button", { type: "button", textContent: text(name), onclick });
    this.pause = button("pause", () => this.setFollow(!this.follow));
    this.pause.hidden = !live;
    this.playButton = button("play", () => this.togglePlay());
    this.position = element("input", { type: "range", min: 0, max: 0, step: 0.1, oninput: () => this.seek(Number(this.position.value)) });
    this.note = element("p", { className: "hint" });
    this.area = element("div", { className: "timeline", tabIndex: 0, ariaLabel: text("view_label") }, this.canvas);
    this.area.setAttribute("role", "group");
    root.replaceChildren(
      this.area,
      element("label", { className: "wide" }, element("span", { textContent: text("position") }), this.position),
      element("div", { className: "controls" }, this.pause, this.playButton,
        button("download", () => this.download()),
        button("zoom_in", () => this.zoom(-1)), button("zoom_out", () => this.zoom(1))),
      this.note,
    );
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("pointerdown", (event) => this.drag(event));
    this.column = document.createElement("canvas");
    this.drawnAt = 0;
    this.changed = true;
    const step = (now) => { this.tick(now); requestAnimationFrame(step); };
    requestAnimationFrame(step);
  }

  get from() { return this.edge - this.span * RATE; }
  get newest() { return this.live ? this.track.end : this.length; }
  get oldest() { return this.live ? this.track.first : 0; }

  setFollow(on) {
    this.follow = on && this.live;
    this.pause.textContent = text(this.follow ? "pause" : "resume");
    this.changed = true;
  }

  // Shows a sample in the middle.
  show(sample) {
    this.setFollow(false);
    this.seek(sample / RATE + this.span / 2);
  }

  seek(seconds) {
    this.setFollow(false);
    const lowest = Math.min(this.newest, this.oldest + this.span * RATE);
    this.edge = Math.max(lowest, Math.min(this.newest, Math.round(seconds * RATE)));
    this.changed = true;
    this.load?.(Math.max(0, this.from), this.edge);
  }

  zoom(direction) {
    const middle = this.edge - (this.span * RATE) / 2;
    const at = Math.max(0, Math.min(SPANS.length - 1, SPANS.indexOf(this.span) + direction));
    this.span = SPANS[at];
    if (this.follow) this.changed = true;
    else this.seek(middle / RATE + this.span / 2);
  }

  // The selected part, or what is shown.
  part() {
    const [from, to] = this.selection ?? [this.from, this.edge];
    return [Math.max(from, this.oldest, 0), Math.min(to, this.newest)].map(Math.round);
  }

  async samples() {
    const [from, to] = this.part();
    const found = this.fetch ? await this.fetch(from, to) : this.track.samples(from, to);
    if (!found.length) throw new Error(text("nothing_to_play"));
    return found;
  }

  async togglePlay() {
    if (this.playing) { stop(); this.endPlay(); return; }
    try {
      const [from] = this.part();
      play(await this.samples(), () => this.endPlay());
      this.playing = { from };
      this.playButton.textContent = text("stop_playing");
    } catch (error) { complain(error.message); }
  }

  endPlay() {
    this.playing = null;
    this.playButton.textContent = text("play");
    this.changed = true;
  }

  async download() {
    try {
      const [from] = this.part();
      save(await this.samples(), `${this.name()}-${(from / RATE).toFixed(2)}s.wav`);
    } catch (error) { complain(error.message); }
  }

  select(from, to) {
    this.selection = from === to ? null : [Math.min(from, to), Math.max(from, to)];
    this.changed = true;
  }

  key(event) {
    const sign = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (sign && event.shiftKey) {
      const [from, to] = this.selection ?? [this.from + (this.span * RATE) / 2, this.from + (this.span * RATE) / 2];
      this.setFollow(false);
      this.select(from, Math.max(from, to + sign * this.span * RATE * 0.05));
    } else if (sign) this.seek(this.edge / RATE + sign * this.span * 0.1);
    else if (event.key === " ") this.togglePlay();
    else if (event.key === "Escape") this.select(0, 0);
    else if (event.key === "Home") this.seek(0);
    else if (event.key === "End") { if (this.live) this.setFollow(true); else this.seek(Infinity); }
    else if (event.key === "+") this.zoom(-1);
    else if (event.key === "-") this.zoom(1);
    else return;
    event.preventDefault();
  }

  drag(event) {
    const sampleAt = (e) => {
      const box = this.canvas.getBoundingClientRect();
      return this.from + ((e.clientX - box.left) / box.width) * this.span * RATE;
    };
    this.setFollow(false);
    const start = sampleAt(event);
    this.canvas.setPointerCapture(event.pointerId);
    const move = (e) => this.select(start, Math.abs(e.clientX - event.clientX) < 4 ? start : sampleAt(e));
    const end = () => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", end);
    };
    this.select(0, 0);
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end);
  }

  tick(now) {
    const every = still.matches ? 500 : 30;
    const moving = this.follow && this.track.end !== this.drawnEnd;
    if (now - this.drawnAt < every || !(this.changed || moving || this.playing)) return;
    if (this.area.offsetParent === null) return; // hidden
    const passed = ((now - this.drawnAt) / 1000) * RATE;
    if (this.follow) {
      const target = this.track.end - (still.matches ? 0 : LAG);
      const away = target - this.edge;
      this.edge = Math.abs(away) > RATE || still.matches ? target : Math.min(this.track.end, this.edge + Math.min(passed, 2 * LAG) + 0.1 * (away - passed));
      if (this.edge >= target) this.drawnEnd = this.track.end;
    }
    this.drawnAt = now;
    this.changed = false;
    this.draw();
    this.describe();
  }

  describe() {
    this.position.min = Math.ceil(this.oldest / RATE);
    this.position.max = (this.newest / RATE).toFixed(1);
    this.position.value = this.edge / RATE;
    this.position.setAttribute("aria-valuetext", text("position_value", { time: clock(this.edge / RATE), end: clock(this.newest / RATE) }));
    const note = this.selection
      ? text("selection", { from: clock(this.selection[0] / RATE), to: clock(this.selection[1] / RATE) })
      : text("no_selection");
    if (this.note.textContent !== note) this.note.textContent = note;
  }

  draw() {
    this.frames++;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(200, Math.round(this.canvas.clientWidth * ratio));
    const words = this.track.words;
    const height = Math.round((WAVE + SPECTRUM + VOICE + words.length * (SCORE + GAP) + 2 * GAP + 16) * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.canvas.style.height = `${height / ratio}px`;
    const c = this.canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const w = width / ratio;
    c.clearRect(0, 0, w, height / ratio);
    c.font = "12px system-ui, sans-serif";
    const x = (sample) => ((sample - this.from) / (this.span * RATE)) * w;
    this.drawWave(c, w);
    this.drawSpectrum(c, w, WAVE + GAP);
    this.drawSpeech(c, w, WAVE + SPECTRUM + 2 * GAP);
    words.forEach((word, i) => this.drawScore(c, w, WAVE + SPECTRUM + VOICE + 3 * GAP + i * (SCORE + GAP), word));
    this.drawEvents(c, w, height / ratio, x);
    this.drawTimes(c, w, height / ratio, x);
    if (this.selection) {
      c.globalAlpha = 0.2;
      c.fillStyle = colour("--accent");
      c.fillRect(x(this.selection[0]), 0, x(this.selection[1]) - x(this.selection[0]), height / ratio);
      c.globalAlpha = 1;
    }
    const played = this.playing && playedSeconds();
    if (played !== null && played !== false) {
      c.fillStyle = colour("--ink");
      c.fillRect(x((this.playing?.from ?? 0) + played * RATE), 0, 2, height / ratio);
    }
  }

  drawWave(c, w) {
    const { envelope } = this.track;
    c.fillStyle = colour("--wave");
    const hops = (this.span * 100) / w;
    for (let px = 0; px < w; px++) {
      let low = 32767, high = -32768;
      const begin = Math.floor(this.from / HOP + px * hops);
      for (let hop = begin; hop < Math.max(begin + 1, begin + hops); hop++) {
        const at = envelope.at(hop);
        if (at < 0) continue;
        low = Math.min(low, envelope.data[at]);
        high = Math.max(high, envelope.data[at + 1]);
      }
      if (low > high) continue;
      const top = (WAVE / 2) * (1 - high / 32768), bottom = (WAVE / 2) * (1 - low / 32768);
      c.fillRect(px, top, 1, Math.max(1, bottom - top));
    }
  }

  drawSpectrum(c, w, top) {
    const { features } = this.track;
    const columns = Math.round(w);
    if (this.column.width !== columns) {
      Object.assign(this.column, { width: columns, height: BINS });
      this.image = new ImageData(columns, BINS);
    }
    const pixels = this.image.data;
    const frames = (this.span * 100) / columns;
    for (let px = 0; px < columns; px++) {
      const at = features.at(Math.floor(this.from / HOP + px * frames));
      for (let bin = 0; bin < BINS; bin++) {
        const value = at < 0 ? 0 : features.data[at + bin];
        const to = 4 * ((BINS - 1 - bin) * columns + px);
        // From black over violet and orange to white: lighter is louder, also without colours.
        pixels[to] = Math.min(255, value * 1.5);
        pixels[to + 1] = Math.max(0, value * 1.6 - 150);
        pixels[to + 2] = value < 128 ? value : Math.max(0, (value - 190) * 3.9) + (255 - value) * 0.6;
        pixels[to + 3] = at < 0 ? 0 : 255;
      }
    }
    this.column.getContext("2d").putImageData(this.image, 0, 0);
    c.drawImage(this.column, 0, top, w, SPECTRUM);
  }

  drawSpeech(c, w, top) {
    c.fillStyle = colour("--voice");
    const frames = (this.span * 100) / w;
    for (let px = 0; px < w; px++) {
      const height = VOICE * this.track.speechAt(Math.floor(this.from / HOP + px * frames));
      c.fillRect(px, top + VOICE - height, 1, height);
    }
    this.label(c, text("speech"), top + 12);
  }

  drawScore(c, w, top, word) {
    const ring = this.track.scores.get(word.key);
    if (!ring) return;
    c.strokeStyle = colour("--line");
    c.strokeRect(0.5, top + 0.5, w - 1, SCORE - 1);
    c.strokeStyle = colour("--ink");
    c.lineWidth = 1.5;
    c.beginPath();
    const rows = (this.span * 100) / word.stride / w;
    const begin = this.from / HOP / word.stride;
    for (let px = 0; px <= w; px++) {
      // A peak must not fall between two pixels.
      let value = 0;
      const first = Math.floor(begin + px * rows);
      for (let row = first; row < Math.max(first + 1, first + rows); row++) value = Math.max(value, ring.get(row));
      c.lineTo(px, top + SCORE * (1 - value));
    }
    c.stroke();
    const at = top + SCORE * (1 - word.threshold);
    c.strokeStyle = colour("--word");
    c.setLineDash([6, 4]);
    c.beginPath(); c.moveTo(0, at); c.lineTo(w, at); c.stroke();
    c.setLineDash([]);
    c.lineWidth = 1;
    const name = word.model_name === word.word ? word.word : `${word.word} (${word.model_name})`;
    this.label(c, `${name} ≥ ${word.threshold}`, top + 14);
  }

  drawEvents(c, w, height, x) {
    const order = this.track.words.map((word) => word.key);
    for (const event of this.track.events) {
      const at = x(event.start), to = x(event.end ?? event.detected);
      if (to < -w || at > w + 50) continue;
      if (event.kind === "detection") {
        const top = WAVE + SPECTRUM + VOICE + 3 * GAP + order.indexOf(event.key) * (SCORE + GAP);
        c.globalAlpha = 0.25;
        c.fillStyle = colour("--preroll");
        c.fillRect(x(event.start - event.pre_roll), 0, at - x(event.start - event.pre_roll), WAVE);
        c.fillStyle = colour("--word");
        c.fillRect(at, 0, to - at, WAVE);
        c.fillRect(at, top, to - at, SCORE);
        c.globalAlpha = 1;
        c.fillRect(x(event.detected), 0, 2, WAVE);
        c.fillText(event.word, at + 2, 12);
      } else if (event.kind === "near_miss") {
        c.fillStyle = colour("--preroll");
        c.fillText("?", x(event.detected) + 2, 12);
        c.fillRect(x(event.detected), 0, 1, WAVE);
      } else {
        const top = WAVE + SPECTRUM + 2 * GAP;
        c.fillStyle = colour(event.kind === "End" ? "--word" : "--voice");
        c.fillRect(at, top, 2, VOICE);
      }
    }
  }

  drawTimes(c, w, height, x) {
    c.fillStyle = colour("--soft");
    const step = this.span <= 2 ? 0.5 : this.span <= 10 ? 1 : this.span <= 20 ? 2 : 10;
    const first = Math.max(0, Math.ceil(this.from / RATE / step) * step);
    for (let s = first; s <= this.edge / RATE; s += step) {
      c.fillRect(x(s * RATE), height - 16, 1, 4);
      c.fillText(clock(s).replace(/\.00$/, ""), x(s * RATE) + 2, height - 3);
    }
  }

  label(c, words, y) {
    c.fillStyle = colour("--ink");
    c.fillText(words, 4, y);
  }
}

// Fills a table with events, the newest first if `live`.
export function eventRow(event, onShow) {
  const at = clock(event.detected / RATE);
  const name = text(`kind_${event.kind}`, event);
  return element("tr", {},
    element("td", { textContent: at }),
    element("td", { textContent: name }),
    element("td", { textContent: event.score === undefined ? "" : event.score.toFixed(3) }),
    element("td", {}, element("button", { type: "button", textContent: text("show"), ariaLabel: text("show_at", { event: name, time: at }), onclick: onShow })));
}

