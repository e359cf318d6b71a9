// The last minutes of a stream: audio and what was computed from it, in rings of fixed size.
export const HOP = 160, BINS = 64;
const MAX_EVENTS = 500;

class Ring {
  constructor(Kind, length, width = 1) {
    this.data = new Kind(length * width);
    this.length = length;
    this.width = width;
    this.end = 0; // index behind the newest item, counted from the start of the stream
  }
  get begin() { return Math.max(0, this.end - this.length, this.base ?? 0); }
  reset(at) { this.end = at; this.base = at; this.data.fill(0); }
  push(values) {
    for (let i = 0; i < values.length; i += this.width) {
      const at = (this.end % this.length) * this.width;
      for (let k = 0; k < this.width; k++) this.data[at + k] = values[i + k];
      this.end++;
    }
  }
  // Offset in `data` of an item, or -1.
  at(index) { return index >= this.begin && index < this.end ? (index % this.length) * this.width : -1; }
  get(index) { const at = this.at(index); return at < 0 ? 0 : this.data[at]; }
}

export class Track {
  constructor(seconds) {
    this.seconds = seconds;
    this.pcm = new Ring(Int16Array, seconds * 16000);
    this.envelope = new Ring(Int16Array, seconds * 100, 2); // lowest and highest sample of a hop
    this.features = new Ring(Uint8Array, seconds * 100, BINS);
    this.speech = new Ring(Uint8Array, seconds * 100);
    this.words = [];
    this.scores = new Map();
    this.events = [];
    this.speechDelay = 0;
    this.preRoll = 8000;
  }

  // Begins a stream at a sample that is a multiple of HOP.
  begin(description, first = 0) {
    this.setWords(description.words);
    this.speechDelay = description.speech_delay;
    this.preRoll = description.pre_roll_samples ?? this.preRoll;
    this.pcm.reset(first);
    this.envelope.reset(first / HOP);
    this.features.reset(first / HOP);
    this.speech.reset(first / HOP);
    this.scores = new Map(description.words.map((word) => {
      const ring = new Ring(Float32Array, Math.ceil((this.seconds * 100) / word.stride));
      ring.reset(Math.floor(first / HOP / word.stride));
      return [word.key, ring];
    }));
    this.events = [];
  }

  setWords(words) { this.words = words; }
  get first() { return this.pcm.begin; }
  get end() { return this.pcm.end; }

  // Adds the audio of a message, in whole hops.
  addAudio(samples) {
    this.pcm.push(samples);
    for (let i = 0; i + HOP <= samples.length; i += HOP) {
      let low = 32767, high = -32768;
      for (let k = i; k < i + HOP; k++) {
        if (samples[k] < low) low = samples[k];
        if (samples[k] > high) high = samples[k];
      }
      this.envelope.push([low, high]);
    }
  }

  add(message) {
    this.features.push(message.features);
    this.speech.push(message.speech);
    for (const [key, values] of Object.entries(message.scores)) this.scores.get(key)?.push(values);
    this.events.push(...message.events);
    if (this.events.length > MAX_EVENTS) this.events.splice(0, this.events.length - MAX_EVENTS);
  }

  // A copy of the samples that are still here.
  samples(from, to) {
    const begin = Math.max(from, this.pcm.begin), end = Math.min(to, this.pcm.end);
    const out = new Int16Array(Math.max(0, end - begin));
    for (let i = 0; i < out.length; i++) out[i] = this.pcm.get(begin + i);
    return out;
  }
  speechAt(frame) { return this.speech.get(frame + this.speechDelay) / 255; }
  get bytes() {
    let sum = this.pcm.data.byteLength + this.envelope.data.byteLength + this.features.data.byteLength + this.speech.data.byteLength;
    for (const ring of this.scores.values()) sum += ring.data.byteLength;
    return sum;
  }
}
