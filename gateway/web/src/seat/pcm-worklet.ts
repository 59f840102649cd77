/** The audio thread of the seat's page: microphone to frames, frames to loudspeaker. */

import { Framer, fromPcm, Playout } from '../shared/pcm'

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void

class CallAudio extends AudioWorkletProcessor {
  private readonly framer = new Framer()
  private readonly playout = new Playout()

  constructor() {
    super()
    this.port.onmessage = (event: MessageEvent<ArrayBuffer>) => this.playout.push(fromPcm(new Int16Array(event.data)))
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const microphone = inputs[0]?.[0] ?? new Float32Array(128)
    for (const frame of this.framer.push(microphone)) this.port.postMessage(frame.buffer, [frame.buffer])
    const [first, ...others] = outputs[0] ?? []
    if (first) {
      this.playout.pull(first)
      for (const channel of others) channel.set(first)
    }
    return true
  }
}

registerProcessor('call-audio', CallAudio)
