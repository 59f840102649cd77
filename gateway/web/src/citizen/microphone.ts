/** The microphone, while somebody speaks: frames of PCM16 at 16 kHz, 20 ms each. */

import workletUrl from './voice-worklet.ts?worker&url'

/** Why there is no sound, in the citizen's words. */
export class NoMicrophone extends Error {}

const REASONS: Record<string, string> = {
  NotAllowedError: '浏览器没有允许使用话筒。请在浏览器的网站设置里允许本页使用话筒，或者打字告诉我们。',
  NotFoundError: '没有找到话筒，请打字告诉我们。',
  NotReadableError: '话筒打不开，可能正被别的程序使用。请打字告诉我们。',
}
const INSECURE = '这个网页不是用加密连接打开的，浏览器不让用话筒。请打字告诉我们。'
const OTHER = '话筒用不了，请打字告诉我们。'

export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
  ) {}

  /**
   * Ask for the microphone and begin.
   *
   * Throws NoMicrophone, whose message may be shown.
   */
  static async open(onFrame: (frame: ArrayBuffer) => void): Promise<Microphone> {
    if (!navigator.mediaDevices) throw new NoMicrophone(INSECURE)
    let stream: MediaStream
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
      })
    } catch (error) {
      throw new NoMicrophone(REASONS[(error as DOMException).name] ?? OTHER)
    }
    const context = new AudioContext({ latencyHint: 'interactive' })
    const microphone = new Microphone(stream, context)
    try {
      await context.audioWorklet.addModule(workletUrl)
      await context.resume()
      const node = new AudioWorkletNode(context, 'voice-capture', { numberOfInputs: 1, numberOfOutputs: 1 })
      node.port.onmessage = (event: MessageEvent<ArrayBuffer>) => onFrame(event.data)
      context.createMediaStreamSource(stream).connect(node).connect(context.destination) // it gives out silence
    } catch (error) {
      console.error('the microphone could not be read', error)
      microphone.close()
      throw new NoMicrophone(OTHER)
    }
    return microphone
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop()
    void this.context.close()
  }
}
