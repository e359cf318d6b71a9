// Plays 16 kHz int16 samples, and saves them as WAV.
import { RATE } from "./resampler.js";

let context = null, playing = null;

export function play(samples, onEnd) {
  stop();
  context ??= new AudioContext();
  context.resume();
  const buffer = context.createBuffer(1, samples.length, RATE);
  buffer.copyToChannel(Float32Array.from(samples, (s) => s / 32768), 0);
  const node = context.createBufferSource();
  node.buffer = buffer;
  node.connect(context.destination);
  playing = { node, started: context.currentTime };
  node.onended = () => {
    if (playing?.node === node) { playing = null; onEnd?.(); }
  };
  node.start();
}

export function stop() {
  const node = playing?.node;
  playing = null;
  node?.stop();
}

// Seconds since the sound began, or null.
export const playedSeconds = () => (playing ? context.currentTime - playing.started : null);

export function wavBlob(samples) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const letters = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  letters(0, "RIFF"); view.setUint32(4, 36 + 2 * samples.length, true); letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true); view.setUint32(28, 2 * RATE, true); view.setUint16(32, 2, true);
  view.setUint16(34, 16, true); letters(36, "data"); view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => view.setInt16(44 + 2 * i, sample, true));
  return new Blob([view], { type: "audio/wav" });
}

export function save(samples, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(wavBlob(samples));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export async function fetchSamples(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return new Int16Array((await answer.arrayBuffer()).slice(44));
}
