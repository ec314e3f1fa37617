import { complete, type Accepted, type Chunk, type Reply } from "./respond.ts"

const encoder = new TextEncoder()

/** A comment, which clients skip. */
const keepAlive = encoder.encode(": keepalive\n\n")

const keepAliveMillis = 15_000

const eventHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no"
}

/** A response that is written message by message. */
export interface MessageStream {
  /** Settles with the first message. */
  readonly reply: Promise<Reply>
  /** Sets a header of the response, if that has not begun. */
  readonly setHeader: (name: string, value: string) => void
  /** False if the message can't be sent any more, or not to this client. */
  readonly write: (message: object) => boolean
  /** Writes the last message, if there is one, and ends the response. */
  readonly end: (message?: object) => void
  /** Nobody reads the response any more. */
  readonly discard: () => void
}

interface Options {
  readonly accepted: Accepted
  /** Calls back after so many milliseconds. Returns a function that cancels it. */
  readonly after: (millis: number, callback: () => void) => () => void
}

/**
 * Makes a response of server-sent events, with a comment every 15 seconds so that no proxy takes it for dead. It is
 * complete at once if it has one message only, as for a call without progress. For a client that accepts JSON only, the
 * last message is all that is sent.
 */
export const makeMessageStream = ({ accepted, after }: Options): MessageStream => {
  const isJson = accepted === "json"
  const headers: Record<string, string> = isJson ? { "content-type": "application/json" } : { ...eventHeaders }
  let frames: Array<Uint8Array> = []
  let hasBegun = false
  let isOver = false
  let onChunk: ((chunk: Chunk) => void) | undefined
  let settle: (reply: Reply) => void
  const reply = new Promise<Reply>((resolve) => {
    settle = resolve
  })

  const next = () =>
    new Promise<Chunk>((resolve) => {
      const value = frames.shift()
      if (value !== undefined) resolve({ done: false, value })
      else if (isOver) resolve({ done: true })
      else onChunk = resolve
    })

  const push = (frame: Uint8Array) => {
    if (!hasBegun) {
      hasBegun = true
      settle({ status: 200, headers, body: undefined, next })
    }
    if (onChunk === undefined) frames.push(frame)
    else onChunk({ done: false, value: frame })
    onChunk = undefined
  }

  const frameOf = (message: object) => encoder.encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`)

  let stopTimer = (): void => undefined
  const armTimer = () => {
    stopTimer = after(keepAliveMillis, () => {
      push(keepAlive)
      armTimer()
    })
  }
  if (!isJson) armTimer()

  const finish = () => {
    isOver = true
    stopTimer()
  }

  return {
    reply,
    setHeader: (name, value) => {
      headers[name] = value
    },
    write: (message) => {
      const canWrite = !isOver && !isJson
      if (canWrite) push(frameOf(message))
      return canWrite
    },
    end: (message) => {
      if (isOver) return
      finish()
      if (hasBegun) {
        if (message !== undefined) push(frameOf(message))
        onChunk?.({ done: true })
        return
      }
      if (message === undefined) settle(complete(isJson ? 202 : 200, isJson ? {} : headers))
      else settle(complete(200, headers, isJson ? encoder.encode(JSON.stringify(message)) : frameOf(message)))
    },
    discard: () => {
      if (isOver) return
      finish()
      frames = []
      if (hasBegun) onChunk?.({ done: true })
      else settle(complete(200, headers))
    }
  }
}
