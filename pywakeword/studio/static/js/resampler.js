// Converts float samples of any rate to 16 kHz int16, block by block, with a windowed sinc.
export const RATE = 16000;
const ZEROS = 20; // zero crossings on each side
const PHASES = 256;

export class Resampler {
  constructor(rate) {
    this.step = rate / RATE;
    const cutoff = Math.min(1, 0.92 / this.step); // of the input's band; the rest is the transition
    this.half = Math.ceil(ZEROS / cutoff);
    this.table = new Float32Array((2 * this.half + 1) * (PHASES + 1));
    for (let phase = 0; phase <= PHASES; phase++) {
      let sum = 0;
      const row = phase * (2 * this.half + 1);
      for (let k = -this.half; k <= this.half; k++) {
        const t = k - phase / PHASES;
        const x = Math.PI * t * cutoff;
        const window = Math.abs(t) < this.half ? 0.5 + 0.5 * Math.cos((Math.PI * t) / this.half) : 0;
        const value = (x === 0 ? 1 : Math.sin(x) / x) * window;
        this.table[row + k + this.half] = value;
        sum += value;
      }
      for (let k = 0; k <= 2 * this.half; k++) this.table[row + k] /= sum;
    }
    this.past = new Float32Array(2 * this.half); // the input's last samples
    this.next = this.half; // where in `past` + block the next output lies
  }

  process(block) {
    const input = new Float32Array(this.past.length + block.length);
    input.set(this.past);
    input.set(block, this.past.length);
    const out = [];
    while (this.next + this.half + 1 < input.length) {
      const centre = Math.floor(this.next);
      const row = Math.round((this.next - centre) * PHASES) * (2 * this.half + 1);
      let sum = 0;
      for (let k = 0; k <= 2 * this.half; k++) sum += this.table[row + k] * input[centre - this.half + k];
      out.push(Math.max(-32768, Math.min(32767, Math.round(32768 * sum))));
      this.next += this.step;
    }
    const used = Math.max(0, Math.floor(this.next) - this.half);
    this.past = input.slice(used);
    this.next -= used;
    return Int16Array.from(out);
  }
}
