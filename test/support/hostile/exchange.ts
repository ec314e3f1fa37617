import type { IncomingMessage, ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import type { Random } from "../../../src/sandbox/random.ts"

/** What the sandbox answered. */
export interface RealAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** One request to the hostile upstream, to be answered by a fault. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Undefined if the request was not passed on to the sandbox. */
  readonly real: RealAnswer | undefined
  readonly dice: Random
  /** Clock time in milliseconds. */
  readonly now: number
  /** To be called whenever bytes move, so that a virtual clock waits for them. */
  readonly moved: () => void
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const httpDate = (millis: number) => new Date(millis).toUTCString()

/** Sends the head of an answer. The Date is that of the Effect clock, which may be virtual. */
export const head = ({ now, response }: Exchange, status: number, headers: Readonly<Record<string, string>> = {}) => {
  response.sendDate = false
  response.writeHead(status, { date: httpDate(now), ...headers })
}

/** Sends a whole answer. */
export const reply = (exchange: Exchange, { body = "", headers = {}, status }: Answer) =>
  Effect.sync(() => {
    if (exchange.response.destroyed) return
    const bytes = Buffer.from(body)
    const length = status === 204 || status === 304 ? {} : { "content-length": String(bytes.byteLength) }
    head(exchange, status, { ...headers, ...length })
    exchange.response.end(bytes)
    exchange.moved()
  })

/** Sends chunks as fast as they are read, until there are no more or the client goes away. */
export const pour = (exchange: Exchange, chunks: Iterable<Buffer>, { thenHold }: { readonly thenHold: boolean }) =>
  Effect.async<void>((resume) => {
    const { moved, response } = exchange
    const iterator = chunks[Symbol.iterator]()
    const done = () => resume(Effect.void)
    response.once("close", done)
    const next = () => {
      moved()
      if (response.destroyed) return
      const step = iterator.next()
      if (step.done !== true) response.write(step.value, next)
      else if (!thenHold) response.end()
    }
    next()
    return Effect.sync(() => response.destroy())
  })
