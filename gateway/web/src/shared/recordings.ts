/** The recordings of a conversation, as `/api/v1/seat/conversations/{id}/recordings` tells of them. */

export interface Recording {
  part: number
  at: string
  state: 'whole' | 'cut_off' | 'deleted' | 'damaged'
  url: string
}

/** What a listener must know of it; empty: nothing. */
export const STATES: Record<Recording['state'], string> = {
  whole: '',
  cut_off: '没有录完整：通话还在进行，或者录音中途断了，只能听到这里为止。',
  deleted: '录音已经删除。',
  damaged: '文件已损坏，无法打开，请联系管理员。',
}

export function playable(recording: Recording): boolean {
  return recording.state === 'whole' || recording.state === 'cut_off'
}
