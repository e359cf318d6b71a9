"use strict";
// One trial at a time: sounds are decoded before it begins, and switching between them keeps
// the place in the sound, as BS.1534 asks.

const byId = (id) => document.getElementById(id);
const BANDS = ["Bad", "Poor", "Fair", "Good", "Excellent"];
const KEY = "listening-test-session";
const FADE_S = 0.01; // against clicks at a switch

let audio = null; // AudioContext, made at the first gesture: browsers allow it no sooner
let trial = null; // {id, number, letters, buffers, rated, plays}
let playing = null; // {name, source, gain, startedAt, offset}
let waiting = 0; // counts requests, so that only the last one shows its trial

const band = (value) => BANDS[Math.min(4, Math.floor(value / 20))];
const say = (text) => { byId("status").textContent = text; };
const group = (letter) => byId(`stimulus-${letter}`);

async function request(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { status: response.status });
  return answer;
}

function show(id) {
  for (const name of ["start", "trial", "end"]) byId(name).hidden = name !== id;
  byId(id).querySelector("h1").focus();
}

async function open(about) {
  stop();
  const turn = ++waiting;
  localStorage.setItem(KEY, about.id);
  document.title = about.title;
  if (!about.letters) {
    trial = null;
    say("");
    show("end");
    return;
  }
  say("Loading the sounds.");
  audio = audio || new AudioContext();
  const names = ["reference", ...about.letters];
  const buffers = await Promise.all(names.map(async (name) => {
    const response = await fetch(`/sessions/${about.id}/${about.trial}/${name}.wav`);
    if (!response.ok) throw new Error(`The sound ${name} could not be loaded.`);
    return audio.decodeAudioData(await response.arrayBuffer());
  }));
  if (turn !== waiting) return;
  trial = {
    id: about.id,
    number: about.trial,
    letters: about.letters,
    buffers: Object.fromEntries(names.map((name, i) => [name, buffers[i]])),
    rated: new Set(),
    plays: Object.fromEntries(names.map((name) => [name, 0])),
  };
  byId("heading").textContent = `Trial ${about.trial + 1} of ${about.trials}`;
  byId("question").textContent = about.question;
  byId("training").hidden = !about.training;
  byId("problem").textContent = "";
  byId("stimuli").replaceChildren(...about.letters.map(makeStimulus));
  mark(null);
  say("");
  show("trial");
}

function makeStimulus(letter) {
  const part = byId("stimulus").content.cloneNode(true).firstElementChild;
  const [play, rating, value] = part.children;
  part.id = `stimulus-${letter}`;
  part.setAttribute("aria-label", `Version ${letter}`);
  play.textContent = `Play ${letter}`;
  play.addEventListener("click", () => start(letter));
  rating.id = `rating-${letter}`;
  value.htmlFor = rating.id;
  rating.setAttribute("aria-label", `Rating of ${letter}`);
  rating.setAttribute("aria-valuetext", "not rated");
  const rate = () => {
    trial.rated.add(letter);
    value.textContent = `${rating.value}, ${band(Number(rating.value))}`;
    rating.setAttribute("aria-valuetext", value.textContent);
  };
  rating.addEventListener("input", rate);
  // A rating of just where the slider stands needs a confirmation: Enter, or a click.
  rating.addEventListener("click", rate);
  rating.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      rate();
    }
  });
  return part;
}

function start(name) {
  const position = playing ? elapsed() : 0;
  stop();
  const source = audio.createBufferSource();
  const gain = audio.createGain();
  source.buffer = trial.buffers[name];
  source.loop = byId("loop").checked;
  const offset = position % source.buffer.duration;
  gain.gain.setValueAtTime(0, audio.currentTime);
  gain.gain.linearRampToValueAtTime(1, audio.currentTime + FADE_S);
  source.connect(gain).connect(audio.destination);
  source.addEventListener("ended", () => {
    if (playing && playing.source === source) playing = null;
  });
  audio.resume();
  source.start(0, offset);
  playing = { name, source, gain, startedAt: audio.currentTime, offset };
  trial.plays[name] += 1;
  mark(name);
  say(name === "reference" ? "Reference" : `Version ${name}`);
}

function elapsed() {
  return playing.offset + audio.currentTime - playing.startedAt;
}

function stop() {
  if (!playing) return;
  const { source, gain } = playing;
  playing = null;
  gain.gain.linearRampToValueAtTime(0, audio.currentTime + FADE_S);
  source.stop(audio.currentTime + FADE_S);
}

// Only what was played last can be rated, as BS.1534 asks.
function mark(name) {
  byId("play-reference").setAttribute("aria-pressed", String(name === "reference"));
  for (const letter of trial.letters) {
    const [play, rating] = group(letter).children;
    play.setAttribute("aria-pressed", String(letter === name));
    rating.disabled = letter !== name;
  }
}

function fail(error) {
  const place = trial && !byId("trial").hidden ? byId("problem") : byId("status");
  place.textContent = error.message;
}

byId("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  audio = audio || new AudioContext();
  request("/sessions", { listener: byId("listener").value }).then(open).catch(fail);
});
byId("play-reference").addEventListener("click", () => start("reference"));
byId("stop").addEventListener("click", () => { stop(); say("Stopped"); });
byId("loop").addEventListener("change", (event) => {
  if (playing) playing.source.loop = event.target.checked;
});
byId("ratings").addEventListener("submit", (event) => {
  event.preventDefault();
  const missing = trial.letters.filter((letter) => !trial.rated.has(letter));
  if (missing.length) {
    byId("problem").textContent = `Not rated yet: ${missing.join(", ")}.`;
    group(missing[0]).querySelector(".play").focus();
    return;
  }
  const ratings = {};
  const plays = {};
  for (const letter of trial.letters) {
    ratings[letter] = Number(byId(`rating-${letter}`).value);
    plays[letter] = trial.plays[letter];
  }
  request(`/sessions/${trial.id}/${trial.number}`, { ratings, plays }).then(open).catch(fail);
});
document.addEventListener("keydown", (event) => {
  const busy = event.ctrlKey || event.altKey || event.metaKey || event.target.id === "listener";
  if (!trial || busy || byId("trial").hidden || !byId("shortcuts").checked) return;
  const key = event.key.toLowerCase();
  const letter = trial.letters[Number(key) - 1];
  if (key === "r") start("reference");
  else if (key === "s") byId("stop").click();
  else if (key === "l") byId("loop").click();
  else if (letter) {
    start(letter);
    byId(`rating-${letter}`).focus();
  } else return;
  event.preventDefault();
});

const earlier = localStorage.getItem(KEY);
if (earlier) {
  request(`/sessions/${earlier}`).then((about) => {
    // A sound needs a gesture in this page first, so going on is a button's work.
    const again = document.createElement("button");
    again.type = "button";
    again.id = "go-on";
    again.textContent = about.letters ? "Go on where I was" : "See that all is saved";
    again.addEventListener("click", () => open(about).catch(fail));
    byId("begin").before(again);
  }).catch((error) => {
    if (error.status === 404) localStorage.removeItem(KEY);
    else fail(error);
  });
}
