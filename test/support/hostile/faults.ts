import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import * as Effect from "effect/Effect"
import { head, pour, reply, type Answer, type Exchange } from "./exchange.ts"

/** Whether the sandbox had carried the request out when the fault struck. */
export type Moment = "before" | "after"

/** A way in which an upstream, or what stands before it, fails. */
export interface Fault {
  readonly moments: ReadonlyArray<Moment>
  /**
   * Set if, before the sandbox acts, the answer is a fault only where data was asked for: an empty 200 is what Sequentum
   * itself answers to a stop.
   */
  readonly needsData?: true
  /** Holds a call for seconds: not for real time. */
  readonly isSlow?: true
  /** Moves tens of megabytes: not for every tool. */
  readonly isHeavy?: true
  /** Seconds after which the request is passed on to the sandbox. */
  readonly actsAfter?: number
  /** Set if the client is answered before that. */
  readonly answersFirst?: true
  readonly play: (exchange: Exchange) => Effect.Effect<void>
}

const both = ["before", "after"] as const
const before = ["before"] as const
const after = ["after"] as const

const json = { "content-type": "application/json" }
const html = { "content-type": "text/html; charset=utf-8" }

const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1><form action="/login"></form></body></html>`

const mebibyte = 1024 * 1024

const always =
  (answer: Answer): Fault["play"] =>
  (exchange) =>
    reply(exchange, answer)

/** A refusal in one of the forms that Sequentum and the proxies before it use. */
const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): Fault["play"] => {
  const forms: readonly [Answer, ...ReadonlyArray<Answer>] = [
    { status, headers, body: "" },
    { status, headers: { ...html, ...headers }, body: page(`${status}`) },
    {
      status,
      headers: { "content-type": "application/problem+json", ...headers },
      body: JSON.stringify({ type: "about:blank", title: "Fault", status, detail: "A fault on the way." })
    },
    {
      status,
      headers: { ...json, ...headers },
      body: JSON.stringify({ statusCode: status, statusDescription: "Fault", message: "A fault on the way." })
    }
  ]
  return (exchange) => reply(exchange, exchange.dice.pick(forms))
}

const gatewayPage =
  (status: number): Fault["play"] =>
  (exchange) =>
    reply(exchange, { status, headers: { ...html, server: "gateway" }, body: page(`${status} from the gateway`) })

/** The real answer, or something that looks like the beginning of one. */
const realOf = ({ real }: Exchange) =>
  real ?? {
    status: 200,
    headers: json,
    body: Buffer.from(`{"id":1204391,"configId":4101,"status":4${" ".repeat(80)}}`)
  }

const halfOf = (body: Buffer) => body.subarray(0, Math.floor(body.byteLength / 2))

/** The real answer with another body. */
const changed =
  (
    change: (body: Buffer, exchange: Exchange) => Buffer,
    headers: Readonly<Record<string, string>> = {}
  ): Fault["play"] =>
  (exchange) => {
    const real = realOf(exchange)
    return reply(exchange, {
      status: real.status,
      headers: { ...real.headers, ...headers },
      body: real.status === 204 ? "" : change(real.body, exchange)
    })
  }

const close = ({ dice, request }: Exchange) =>
  Effect.sync(() => {
    if (dice.next() < 0.5) request.socket.resetAndDestroy()
    else request.socket.destroy()
  })

/** The head of the real answer and half of its body. A body that is empty gets a length that never arrives. */
const half = (exchange: Exchange) =>
  Effect.async<void>((resume) => {
    const { body, headers, status } = realOf(exchange)
    head(exchange, status === 204 ? 200 : status, { ...headers, "content-length": String(body.byteLength + 64) })
    exchange.response.write(halfOf(body).byteLength === 0 ? " " : halfOf(body), () => resume(Effect.void))
    exchange.moved()
  })

const raw = (exchange: Exchange, text: string) =>
  Effect.async<void>((resume) => {
    exchange.request.socket.end(text, () => resume(Effect.void))
    exchange.moved()
  })

/** One byte every five seconds: never silent for long, and never done. */
const drip = (exchange: Exchange) => {
  const { body, headers, status } = realOf(exchange)
  const padded = Buffer.concat([Buffer.from(" ".repeat(200)), body])
  return Effect.zipRight(
    Effect.sync(() => head(exchange, status === 204 ? 200 : status, headers)),
    Effect.forEach(
      padded,
      (byte) =>
        Effect.delay(
          Effect.sync(() => {
            exchange.response.write(Buffer.of(byte))
            exchange.moved()
          }),
          "5 seconds"
        ),
      { discard: true }
    )
  )
}

const spaces = Buffer.alloc(mebibyte, " ")
const letters = Buffer.alloc(mebibyte, "x")

function* repeated(first: string | Buffer, chunk: Buffer, times: number, last: string | Buffer): Iterable<Buffer> {
  yield Buffer.from(first)
  for (let count = 0; count < times; count++) yield chunk
  yield Buffer.from(last)
}

const poured =
  (chunks: (exchange: Exchange) => Iterable<Buffer>, thenHold = false): Fault["play"] =>
  (exchange) =>
    Effect.zipRight(
      Effect.sync(() => head(exchange, 200, json)),
      pour(exchange, chunks(exchange), { thenHold })
    )

/** 300 MiB in 300 KiB: gzip members one after another are one stream. */
const bomb = () => {
  const member = gzipSync(letters)
  return Buffer.concat(Array.from({ length: 300 }, () => member))
}
let madeBomb: Buffer | undefined

const idMember = /"(id|\w+Id|\w+Count|sequence|version)":(\d+)/gu

const nested = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`

const redirect = (status: number, location: (exchange: Exchange) => string): Fault => ({
  moments: both,
  play: (exchange) =>
    reply(exchange, { status, headers: { ...html, location: location(exchange) }, body: page("Moved") })
})

/** An answer of 200 that is no answer where data was asked for. */
const insteadOfData = (answer: Answer): Fault => ({ moments: both, needsData: true, play: always(answer) })

const soon = ({ now }: Exchange) => new Date(now + 5000).toUTCString()

const failures = (...statuses: ReadonlyArray<number>) =>
  Object.fromEntries(
    statuses.map((status): readonly [string, Fault] => [String(status), { moments: both, play: refusal(status) }])
  )

/** Every fault by its name. 425 and 429 say that nothing was done, so that they come before the sandbox acts only. */
export const faults: Readonly<Record<string, Fault>> = {
  // The connection.
  drop: { moments: both, play: close },
  "half-head": { moments: both, play: (exchange) => raw(exchange, "HTTP/1.1 200 OK\r\nContent-Le") },
  "half-body": { moments: both, play: (exchange) => Effect.zipRight(half(exchange), close(exchange)) },
  "not-http": { moments: both, play: (exchange) => raw(exchange, "SSH-2.0-OpenSSH_9.6\r\n") },
  "huge-head": {
    moments: both,
    play: (exchange) => raw(exchange, `HTTP/1.1 200 OK\r\n${`X-Pad: ${"p".repeat(1000)}\r\n`.repeat(64)}\r\n`)
  },
  silence: { moments: both, isSlow: true, play: () => Effect.never },
  stall: { moments: both, isSlow: true, play: (exchange) => Effect.zipRight(half(exchange), Effect.never) },
  drip: { moments: both, isSlow: true, play: drip },
  late: { moments: after, isSlow: true, actsAfter: 40, play: close },
  "drop-acts-later": { moments: after, isSlow: true, actsAfter: 10, answersFirst: true, play: close },
  "504-acts-later": { moments: after, isSlow: true, actsAfter: 10, answersFirst: true, play: gatewayPage(504) },
  "very-late": { moments: after, isSlow: true, actsAfter: 58, play: changed((body) => body) },

  // Statuses.
  "403-page": { moments: before, play: gatewayPage(403) },
  "404-page": { moments: before, play: gatewayPage(404) },
  "408": { moments: both, play: refusal(408) },
  "425": { moments: before, play: refusal(425) },
  "429": { moments: before, play: refusal(429) },
  "429-2s": { moments: before, play: refusal(429, { "retry-after": "2" }) },
  "429-40s": { moments: before, isSlow: true, play: refusal(429, { "retry-after": "40" }) },
  "429-huge": { moments: before, play: refusal(429, { "retry-after": "251606667765" }) },
  "429-malformed": { moments: before, play: refusal(429, { "retry-after": "soon" }) },
  "429-negative": { moments: before, play: refusal(429, { "retry-after": "-5" }) },
  "429-date": {
    moments: before,
    play: (exchange) => refusal(429, { "retry-after": soon(exchange) })(exchange)
  },
  "429-past-date": { moments: before, play: refusal(429, { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }) },
  ...failures(500, 501, 502, 503, 504, 520, 521, 522, 523, 524),
  "502-page": { moments: both, play: gatewayPage(502) },
  "503-3s": { moments: both, play: refusal(503, { "retry-after": "3" }) },
  "503-120s": { moments: both, play: refusal(503, { "retry-after": "120" }) },
  "redirect-login": redirect(302, () => "https://login.example/signin?returnUrl=%2Fapi"),
  "redirect-self": redirect(307, ({ request }) => request.url ?? "/"),
  "redirect-file": redirect(301, () => "file:///etc/passwd"),
  "redirect-script": redirect(302, () => "javascript:alert(1)"),

  // Bodies of another kind than was asked for.
  "sign-in": { moments: both, play: always({ status: 200, headers: html, body: page("Sign in") }) },
  "sign-in-as-json": { moments: both, play: always({ status: 200, headers: json, body: page("Sign in") }) },
  "plain-text": {
    moments: both,
    play: always({ status: 200, headers: { "content-type": "text/plain" }, body: "The service is warming up" })
  },
  truncated: { moments: both, play: changed(halfOf) },
  "empty-200": insteadOfData({ status: 200 }),
  "empty-202": insteadOfData({ status: 202 }),
  "empty-204": insteadOfData({ status: 204 }),
  "no-members": insteadOfData({ status: 200, headers: json, body: "{}" }),
  null: insteadOfData({ status: 200, headers: json, body: "null" }),
  "empty-list": insteadOfData({ status: 200, headers: json, body: "[]" }),
  "other-shape": insteadOfData({ status: 200, headers: json, body: '{"runId":77,"scheduleId":77,"ok":true}' }),
  "success-false": {
    moments: before,
    play: always({ status: 200, headers: json, body: '{"success":false,"error":"The queue is full."}' })
  },
  "error-in-200": {
    moments: before,
    play: always({
      status: 200,
      headers: json,
      body: '{"statusCode":409,"statusDescription":"Conflict","message":"Agent is disabled","errorCode":"agent_disabled"}'
    })
  },
  "deep-nesting": { moments: both, play: always({ status: 200, headers: json, body: nested }) },
  "ids-as-text": {
    moments: after,
    play: changed((body) => Buffer.from(body.toString().replace(idMember, '"$1":"$2"')))
  },
  "byte-order-mark": { moments: after, play: changed((body) => Buffer.concat([Buffer.from("\ufeff"), body])) },
  "bad-utf-8": {
    moments: after,
    play: changed((body) => Buffer.from(body.toString("latin1").replace(/e/gu, "\xff"), "latin1"))
  },
  "wrong-type": { moments: after, play: changed((body) => body, { "content-type": "text/plain" }) },

  // Encodings of the body.
  gzip: { moments: after, play: changed((body) => gzipSync(body), { "content-encoding": "gzip" }) },
  deflate: { moments: after, play: changed((body) => deflateSync(body), { "content-encoding": "deflate" }) },
  br: { moments: after, play: changed((body) => brotliCompressSync(body), { "content-encoding": "br" }) },
  "gzip-broken": {
    moments: both,
    play: always({
      status: 200,
      headers: { ...json, "content-encoding": "gzip" },
      body: Buffer.from("1f8b0800dead", "hex")
    })
  },
  "gzip-cut": { moments: both, play: changed((body) => halfOf(gzipSync(body)), { "content-encoding": "gzip" }) },
  "unknown-encoding": {
    moments: both,
    play: always({ status: 200, headers: { ...json, "content-encoding": "x-secret" }, body: letters.subarray(0, 200) })
  },
  "gzip-bomb": {
    moments: both,
    isHeavy: true,
    play: (exchange) =>
      reply(exchange, { status: 200, headers: { ...json, "content-encoding": "gzip" }, body: (madeBomb ??= bomb()) })
  },

  // Sizes.
  huge: { moments: both, isHeavy: true, play: poured(() => repeated('{"id":"', letters, 100, '"}')) },
  "huge-padded": {
    moments: after,
    isHeavy: true,
    play: poured((exchange) => repeated("", spaces, 100, realOf(exchange).body))
  },
  // It sends more than any limit allows, and then neither sends nor ends: more would only fill this machine.
  endless: { moments: both, isHeavy: true, isSlow: true, play: poured(() => repeated('["', letters, 160, ""), true) },

  // Nothing listens. It is not played: the hostile upstream closes its port in time.
  unreachable: { moments: before, play: () => Effect.void }
}
