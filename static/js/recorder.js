/** Sound from a microphone or a shared tab as 100 ms chunks of 16 kHz mono int16. */

import { FRAME, RATE } from "./sender.js";

const STALL_MS = 1500;
const AUDIBLE = 0.12; // level above which a channel counts as carrying something

/** Return the level of samples between 0 (−60 dBFS) and 1 (0 dBFS). */
export function levelOf(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / (samples.length || 1)) / 0x8000;
  return Math.max(0, Math.min(1, 1 + Math.log10(rms + 1e-9) / 3));
}

export function clippedIn(samples) {
  let count = 0;
  for (const sample of samples) if (sample >= 32_700 || sample <= -32_700) count += 1;
  return count > samples.length / 100;
}

export class CaptureError extends Error {
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

export class Capture extends EventTarget {
  #stream;
  #graph;
  #flushed = null;
  #arrived = performance.now();
  #audible = performance.now();
  level = 0;
  clipped = false;
  ended = false;
  onchunk = () => {};

  static async microphone(deviceId = "") {
    return Capture.#of("microphone", await openMicrophone(deviceId));
  }

  static async tab() {
    return Capture.#of("tab", await openTab());
  }

  static async #of(kind, stream) {
    const capture = new Capture();
    capture.kind = kind;
    capture.#stream = stream;
    try {
      capture.#graph = await connect(new MediaStream(stream.getAudioTracks()));
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
    capture.#graph.node.port.onmessage = (message) => capture.#receive(message.data);
    for (const track of stream.getAudioTracks()) {
      track.onended = () => {
        capture.ended = true;
        capture.dispatchEvent(new Event("ended"));
      };
    }
    return capture;
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
    this.#arrived = performance.now();
    this.level = levelOf(data);
    this.clipped = clippedIn(data);
    if (this.level > AUDIBLE) this.#audible = this.#arrived;
    this.onchunk(data);
    return undefined;
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
    for (const track of this.#stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    await context.close();
  }
}

/** List microphones as {id, label}; labels are empty until the microphone was allowed once. */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId)
    .map((device) => ({ id: device.deviceId, label: device.label }));
}
