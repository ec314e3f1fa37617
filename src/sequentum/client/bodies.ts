import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  gunzip,
  inflate,
  inflateRaw
} from "node:zlib"

const MiB = 2 ** 20

/** The largest response of the API, unpacked. */
export const maxBodyBytes = 32 * MiB

/** The largest file, unpacked. */
export const maxFileBytes = 64 * MiB

/** The deepest nesting of a JSON response. */
export const maxNesting = 64

/** The compressions that are undone here, as a request offers them. */
export const acceptEncoding = "gzip, deflate, br"

export const tooLarge = (maxBytes: number) => `more than ${maxBytes / MiB} MiB`

const unreadable = "compressed data that can't be unpacked"

type Format = "gzip" | "deflate" | "br"

/** More than one compression is rare, and each multiplies what a body can become. */
const maxFormats = 2

/** The compressions of a body, the one to undo first at the front. Undefined if one of them is unknown. */
const formatsOf = (contentEncoding: string | undefined): ReadonlyArray<Format> | undefined => {
  const formats: Array<Format> = []
  for (const word of (contentEncoding ?? "").toLowerCase().split(",")) {
    const name = word.trim()
    if (name === "" || name === "identity") continue
    if (name === "gzip" || name === "x-gzip") formats.unshift("gzip")
    else if (name === "deflate" || name === "br") formats.unshift(name)
    else return undefined
  }
  return formats.length > maxFormats ? undefined : formats
}

/** "deflate" is zlib's format by the standard, but some servers send it without its header. */
const hasZlibHeader = (start: Uint8Array) => ((start[0] ?? 0) & 0x0f) === 8

type Unpack = (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number },
  done: (error: NodeJS.ErrnoException | null, result: Buffer) => void
) => void

const unpackerOf = (format: Format, bytes: Uint8Array): Unpack => {
  switch (format) {
    case "gzip":
      return gunzip
    case "br":
      return brotliDecompress
    case "deflate":
      return hasZlibHeader(bytes) ? inflate : inflateRaw
  }
}

const unpackOnce = (bytes: Uint8Array, format: Format): Effect.Effect<Uint8Array, string> =>
  Effect.async((resume) => {
    unpackerOf(format, bytes)(bytes, { maxOutputLength: maxBodyBytes }, (error, result) =>
      resume(
        error === null
          ? Effect.succeed(result)
          : Effect.fail(error.code === "ERR_BUFFER_TOO_LARGE" ? tooLarge(maxBodyBytes) : unreadable)
      )
    )
  })

/** A whole body without its compression. Fails with what was wrong, as the end of "it had …". */
export const unpackBody = (bytes: Uint8Array, contentEncoding: string): Effect.Effect<Uint8Array, string> => {
  const formats = formatsOf(contentEncoding)
  if (formats === undefined) return Effect.fail(unreadable)
  // Some servers name a compression where there is no body.
  return bytes.length === 0 ? Effect.succeed(bytes) : Effect.reduce(formats, bytes, unpackOnce)
}

const limited =
  <E>(maxBytes: number, fail: (problem: string) => E) =>
  <E2, R>(bytes: Stream.Stream<Uint8Array, E2, R>): Stream.Stream<Uint8Array, E | E2, R> =>
    Stream.unwrap(
      Effect.sync(() => {
        let received = 0
        return Stream.mapEffect(bytes, (chunk) => {
          received += chunk.length
          return received > maxBytes ? Effect.fail(fail(tooLarge(maxBytes))) : Effect.succeed(chunk)
        })
      })
    )

const transformOf = (format: Format, start: Uint8Array): (() => Duplex) => {
  switch (format) {
    case "gzip":
      return createGunzip
    case "br":
      return createBrotliDecompress
    case "deflate":
      return hasZlibHeader(start) ? createInflate : createInflateRaw
  }
}

const unpackStreamOnce = <E, E2, R>(
  bytes: Stream.Stream<Uint8Array, E2, R>,
  format: Format,
  fail: (problem: string) => E
): Stream.Stream<Uint8Array, E | E2, R> =>
  Stream.unwrapScoped(
    Effect.map(Stream.peel(bytes, Sink.head<Uint8Array>()), ([start, rest]) =>
      Option.match(start, {
        onNone: () => Stream.empty,
        onSome: (head) =>
          NodeStream.pipeThroughDuplex(Stream.concat(Stream.make(head), rest), transformOf(format, head), () =>
            fail(unreadable)
          )
      })
    )
  )

/**
 * The bytes of a file without their compression. Fails with `fail` of what was wrong, as the end of "it had …", which
 * may be that they are too many.
 */
export const unpackFile =
  <E>(contentEncoding: string | undefined, fail: (problem: string) => E) =>
  <E2, R>(bytes: Stream.Stream<Uint8Array, E2, R>): Stream.Stream<Uint8Array, E | E2, R> => {
    const formats = formatsOf(contentEncoding)
    if (formats === undefined) return Stream.fail(fail(unreadable))
    const limit = limited(maxFileBytes, fail)
    return formats.reduce<Stream.Stream<Uint8Array, E | E2, R>>(
      (packed, format) => limit(unpackStreamOnce(packed, format, fail)),
      limit(bytes)
    )
  }

const quote = 0x22
const backslash = 0x5c

/** Where the string that begins at `start` ends. `indexOf` makes this three times as fast as a look at each character. */
const endOfString = (json: string, start: number): number => {
  let end = start
  for (;;) {
    end = json.indexOf('"', end + 1)
    if (end === -1) return json.length
    let before = end - 1
    while (json.charCodeAt(before) === backslash) before -= 1
    if ((end - before) % 2 === 1) return end
  }
}

/** Whether a text of JSON has more than `maxNesting` levels. Always false for a text that does not begin like one. */
export const isTooDeep = (json: string): boolean => {
  if (json.length <= maxNesting || !/^\s*[[{]/u.test(json)) return false
  let depth = 0
  for (let index = 0; index < json.length; index += 1) {
    const character = json.charCodeAt(index)
    if (character === quote) index = endOfString(json, index)
    // [ and {, ] and }
    else if (character === 0x5b || character === 0x7b) {
      depth += 1
      if (depth > maxNesting) return true
    } else if (character === 0x5d || character === 0x7d) depth -= 1
  }
  return false
}
