/** Audio thread: channels mixed to one, resampled where the browser did not, cut into int16 frames. */

const HALF = 16; // zero crossings of the sinc on either side
const PHASES = 128;
const SILENCE = new Float32Array(128);

/** Windowed-sinc resampler; Blackman window, cut at 0.92 of the lower Nyquist frequency. */
class Resampler {
  constructor(from, to) {
    this.step = from / to;
    const cut = 0.92 * Math.min(1, to / from);
    this.reach = Math.ceil(HALF / cut);
    this.table = Array.from({ length: PHASES + 1 }, (_, phase) =>
      Float32Array.from({ length: 2 * this.reach }, (_, tap) => {
        const x = tap - this.reach + 1 - phase / PHASES;
        if (Math.abs(x) >= this.reach) return 0;
        const angle = (Math.PI * x) / this.reach;
        const window = 0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
        const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * cut) / (Math.PI * x * cut);
        return cut * sinc * window;
      }),
    );
    this.past = new Float32Array(2 * this.reach);
    this.at = this.reach; // next output, in samples of `past` + input
  }

  push(input, emit) {
    const line = new Float32Array(this.past.length + input.length);
    line.set(this.past);
    line.set(input, this.past.length);
    while (this.at + this.reach < line.length) {
      const whole = Math.floor(this.at);
      const taps = this.table[Math.round((this.at - whole) * PHASES)];
      const first = whole - this.reach + 1;
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap += 1) sum += line[first + tap] * taps[tap];
      emit(sum);
      this.at += this.step;
    }
    this.past = line.slice(line.length - this.past.length);
    this.at -= input.length;
  }
}

class Pcm extends AudioWorkletProcessor {
  constructor(options) {
    super();
    const { frame, rate } = options.processorOptions;
    this.frame = frame;
    this.resampler = sampleRate === rate ? null : new Resampler(sampleRate, rate);
    this.buffer = new Int16Array(frame);
    this.filled = 0;
    this.take = this.take.bind(this);
    this.port.onmessage = (message) => {
      if (message.data !== "flush") return;
      this.post();
      this.port.postMessage("flushed");
    };
  }

  take(value) {
    const clipped = Math.max(-1, Math.min(1, value));
    this.buffer[this.filled] = clipped < 0 ? clipped * 0x8000 : clipped * 0x7fff;
    this.filled += 1;
    if (this.filled === this.frame) this.post();
  }

  post() {
    if (!this.filled) return;
    const chunk = this.buffer.slice(0, this.filled);
    // The thread of the page may be late; when the sound was captured is known only here.
    this.port.postMessage({ chunk, at: Date.now() }, [chunk.buffer]);
    this.filled = 0;
  }

  process(inputs) {
    const channels = inputs[0];
    let mono = channels[0] ?? SILENCE; // a tab that plays nothing has no channels
    if (channels.length > 1) {
      mono = Float32Array.from(mono, (_, i) => {
        let sum = 0;
        for (const channel of channels) sum += channel[i];
        return sum / channels.length;
      });
    }
    if (this.resampler) this.resampler.push(mono, this.take);
    else mono.forEach(this.take);
    return true;
  }
}

registerProcessor("pcm", Pcm);
