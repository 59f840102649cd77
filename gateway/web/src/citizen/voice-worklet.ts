/** The audio thread of the citizen's page: the microphone as frames of PCM at the recogniser's rate. */

import { Framer } from '../shared/pcm'
import { Resampler } from '../shared/resampling'

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void
declare const sampleRate: number

class VoiceCapture extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate)
  private readonly framer = new Framer()

  process(inputs: Float32Array[][]): boolean {
    const microphone = inputs[0]?.[0]
    if (microphone) {
      for (const frame of this.framer.push(this.resampler.push(microphone))) {
        this.port.postMessage(frame.buffer, [frame.buffer])
      }
    }
    return true
  }
}

registerProcessor('voice-capture', VoiceCapture)
