// Opens the browser's microphone and hands over 16 kHz int16 blocks of 40 ms.
import { text } from "./strings.js";

export async function openMicrophone(onBlock, onEnd) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(text("no_secure"));
  let stream;
  try {
    // What the browser would change, the detector should see unchanged.
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
    });
  } catch (error) {
    const reasons = { NotAllowedError: "no_permission", SecurityError: "no_permission", NotFoundError: "no_microphone" };
    throw new Error(text(reasons[error.name] ?? "busy_microphone"));
  }
  const context = new AudioContext();
  try {
    await context.audioWorklet.addModule("/js/worklet.js");
    await context.resume();
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    context.close();
    throw error;
  }
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
  node.port.onmessage = (event) => onBlock(event.data);
  source.connect(node);
  const [track] = stream.getAudioTracks();
  track.addEventListener("ended", () => onEnd());
  return {
    close() {
      node.port.onmessage = null;
      source.disconnect();
      stream.getTracks().forEach((each) => each.stop());
      context.close();
    },
  };
}
