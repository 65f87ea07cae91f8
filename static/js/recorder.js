/** Sound from a microphone or a shared tab as 100 ms chunks of 16 kHz mono int16. */

import { FRAME, RATE } from "./pcm-buffer.js";
import { WebmRecorder } from "./webm-buffer.js";

const STALL_MS = 1500;
const REVIVE_MS = 4000;
const ADRIFT = RATE / 2; // samples that the clock may be ahead of what was captured
const AUDIBLE = 0.12; // level above which a channel counts as carrying something

/** Return the level of samples between 0 (−60 dBFS) and 1 (0 dBFS). */
export function levelOf(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / (samples.length || 1)) / 0x8000;
  return Math.max(0, Math.min(1, 1 + Math.log10(rms + 1e-9) / 3));
}

function clippedIn(samples) {
  let count = 0;
  for (const sample of samples) if (sample >= 32_700 || sample <= -32_700) count += 1;
  return count > samples.length / 100;
}

class CaptureError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const REASONS = {
  NotAllowedError: "mic_denied",
  SecurityError: "mic_denied",
  NotFoundError: "mic_missing",
  OverconstrainedError: "mic_missing",
  NotReadableError: "mic_in_use",
  AbortError: "mic_in_use",
};

async function openMicrophone(deviceId) {
  if (!window.isSecureContext) throw new CaptureError("mic_insecure");
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode)
    throw new CaptureError("mic_unsupported");
  const audio = {
    channelCount: 1,
    echoCancellation: true, // the call's loudspeaker must not be heard as the interviewer
    noiseSuppression: false, // recognizers do better with the noise than with its traces
    autoGainControl: true,
  };
  if (deviceId) audio.deviceId = { exact: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new CaptureError(REASONS[error.name] ?? "mic_failed");
  }
}

async function openTab() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({
      video: true, // browsers share sound only together with a picture
      selfBrowserSurface: "exclude",
      surfaceSwitching: "include",
      systemAudio: "include",
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch {
    throw new CaptureError("tab_denied");
  }
  for (const track of stream.getVideoTracks()) {
    track.enabled = false; // the picture is never looked at
  }
  if (!stream.getAudioTracks().length) {
    for (const track of stream.getTracks()) track.stop();
    throw new CaptureError("tab_silent");
  }
  return stream;
}

/** A context at 16 kHz where the browser resamples, else at the device's rate. */
async function connect(stream) {
  for (const options of [{ sampleRate: RATE }, {}]) {
    const context = new AudioContext({ latencyHint: "interactive", ...options });
    try {
      await context.audioWorklet.addModule(new URL("./pcm-worklet.js", import.meta.url));
      const source = context.createMediaStreamSource(stream);
      const node = new AudioWorkletNode(context, "pcm", {
        numberOfOutputs: 1,
        processorOptions: { frame: FRAME, rate: RATE },
      });
      source.connect(node).connect(context.destination); // pulled only when it leads somewhere
      await context.resume();
      return { context, source, node };
    } catch (error) {
      await context.close();
      // Firefox does not join a stream to a context of another rate.
      if (error.name !== "NotSupportedError" || !options.sampleRate)
        throw new CaptureError("mic_failed");
    }
  }
  throw new CaptureError("mic_failed");
}

/**
 * An open microphone or tab. It keeps to the clock: sound that was not captured, because the computer
 * slept or the device was away, is told by `ongap(samples)` before what follows.
 */
export class Capture extends EventTarget {
  #stream = null;
  #graph = null;
  #recorder = null; // makes a WebM of it
  #compress;
  #switching = false; // from one recorder to the next
  #stale = false; // the recorder listens to what was open before
  #flushed = null;
  #began = 0; // when sample 0 was captured, in milliseconds of the wall clock
  #taken = 0; // samples since then, missing ones counted
  #arrived = performance.now();
  #audible = performance.now();
  #revived = 0;
  #tried = false;
  #muted = false;
  level = 0;
  clipped = false;
  ended = false;
  onchunk = () => {};
  ongap = () => {};
  onpiece = () => {}; // bytes of a WebM; it begins anew after each gap

  static async microphone(deviceId = "") {
    const stream = await openMicrophone(deviceId);
    return new Capture("microphone").#use(stream);
  }

  static async tab() {
    const stream = await openTab();
    return new Capture("tab").#use(stream);
  }

  constructor(kind) {
    super();
    this.kind = kind;
  }

  async #use(stream) {
    const heard = new MediaStream(stream.getAudioTracks());
    let graph;
    try {
      graph = await connect(heard);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
    await this.#release();
    this.#stream = stream;
    this.#graph = graph;
    this.mute(this.#muted);
    this.ended = false;
    this.#arrived = performance.now();
    graph.node.port.onmessage = ({ data }) => graph === this.#graph && this.#receive(data);
    for (const track of stream.getTracks()) {
      track.onended = () => {
        this.ended = true;
        this.dispatchEvent(new Event("ended"));
      };
    }
    return this;
  }

  /** Open the device again, or another one; what it hears goes where the old one's sound went. */
  async reopen(deviceId = "") {
    await this.#use(await (this.kind === "tab" ? openTab() : openMicrophone(deviceId)));
    this.#stale = true;
  }

  /** Try to be heard again: wake the audio thread, then open the microphone anew. */
  async revive() {
    if (performance.now() - this.#revived < REVIVE_MS) return;
    this.#revived = performance.now();
    if (this.kind === "tab" || !this.#tried) {
      this.#tried = true;
      await this.#graph.context.resume();
    } else await this.reopen(this.deviceId).catch(() => this.reopen());
  }

  /** Make a WebM as well. */
  compress() {
    this.#compress = () => new WebmRecorder(new MediaStream(this.#stream.getAudioTracks()), this.onpiece);
    this.#recorder = this.#compress();
  }

  /** Make no WebM any more. */
  plain() {
    this.#recorder?.stop();
    this.#recorder = null;
  }

  async #recordAnew(missing) {
    this.#switching = true;
    this.#stale = false;
    await this.#recorder.stop();
    this.ongap(missing);
    this.#recorder = this.#compress();
    this.#switching = false;
  }

  /** Capture silence for a while, or sound again. */
  mute(muted) {
    this.#muted = muted;
    for (const track of this.#stream.getAudioTracks()) track.enabled = !muted;
  }

  get label() {
    return this.#stream.getAudioTracks()[0]?.label ?? "";
  }

  get deviceId() {
    return this.#stream.getAudioTracks()[0]?.getSettings().deviceId ?? "";
  }

  /** No chunk has come for a while although the device is open. */
  get stalled() {
    return performance.now() - this.#arrived > STALL_MS;
  }

  /** Seconds since anything could be heard. */
  get silentFor() {
    return (performance.now() - this.#audible) / 1000;
  }

  #receive(data) {
    if (data === "flushed") return this.#flushed?.();
    const { chunk, at } = data;
    if (this.ended) return undefined; // silence of a device that is gone was not captured
    this.#arrived = performance.now();
    this.#tried = false;
    this.level = levelOf(chunk);
    this.clipped = clippedIn(chunk);
    if (this.level > AUDIBLE) this.#audible = this.#arrived;
    if (this.#switching) return undefined; // counted as missing next time
    this.#keepTime(at, chunk.length);
    this.#taken += chunk.length;
    this.onchunk(chunk);
    return undefined;
  }

  #keepTime(at, length) {
    const due = ((at - this.#began) * RATE) / 1000 - length;
    let missing = Math.round(due - this.#taken);
    if (!this.#began || missing < -ADRIFT) {
      this.#began = at - ((this.#taken + length) * 1000) / RATE; // the first, or the clock was set back
      missing = 0;
    }
    if (missing < ADRIFT) missing = 0;
    this.#taken += missing;
    if (this.#recorder && (missing || this.#stale)) this.#recordAnew(missing);
    else if (missing) this.ongap(missing);
  }

  async #release() {
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    await this.#graph?.context.close().catch(() => {});
  }

  /** Deliver the last, shorter chunk and release the device. */
  async stop() {
    const { context, node } = this.#graph;
    if (context.state === "running") {
      await new Promise((resolve) => {
        this.#flushed = resolve;
        setTimeout(resolve, 500);
        node.port.postMessage("flush");
      });
    }
    await this.#recorder?.stop();
    await this.#release();
  }
}

/** List microphones as {id, label}; labels are empty until the microphone was allowed once. */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId)
    .map((device) => ({ id: device.deviceId, label: device.label }));
}
