import { isJSONRPCNotification, isJSONRPCResponse } from "@modelcontextprotocol/server"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { normalise } from "../../src/mcp/messages.ts"
import { spoiling } from "./mutate.ts"

const Id = Schema.Union(Schema.String, Schema.Number)

/** A message as the server may write it. */
export const WireMessage = Schema.Union(
  Schema.Struct({ jsonrpc: Schema.Literal("2.0"), id: Id, result: Schema.Object }),
  Schema.Struct({
    jsonrpc: Schema.Literal("2.0"),
    id: Schema.NullOr(Id),
    error: Schema.Struct({
      code: Schema.Int,
      message: Schema.NonEmptyString,
      data: Schema.optional(Schema.Unknown)
    })
  }),
  Schema.Struct({ jsonrpc: Schema.Literal("2.0"), method: Schema.String, params: Schema.optional(Schema.Object) })
)
export type WireMessage = typeof WireMessage.Type

const decode = Schema.decodeUnknownOption(Schema.parseJson(WireMessage), { onExcessProperty: "error" })

/** Reads a line that the server wrote; none where it is not a message. */
export const readWire = (line: string): Option.Option<WireMessage> => decode(line)

const parseJson = Schema.decodeUnknownOption(Schema.parseJson())

/** The id that the response to a line carries: undefined where no response is due. */
export const expectedId = (line: string): string | number | null | undefined => {
  const text = line.trim()
  if (text === "") return undefined
  const json = Option.getOrUndefined(parseJson(text))
  if (!Predicate.isRecord(json)) return null
  if (!("method" in json) && ("result" in json || "error" in json)) return isJSONRPCResponse(json) ? undefined : null
  const { id } = json
  if (Predicate.isString(id) || (Predicate.isNumber(id) && Number.isFinite(id))) return id
  return isJSONRPCNotification(normalise(json)) ? undefined : null
}

/** The request that a line cancels, which then may get no response. */
export const cancelledId = (line: string): unknown => {
  const json = Option.getOrUndefined(parseJson(line.trim()))
  if (!Predicate.isRecord(json) || json["method"] !== "notifications/cancelled") return undefined
  return Predicate.isRecord(json["params"]) ? json["params"]["requestId"] : undefined
}

/** A change to the bytes of a line, at a place given from 0 to 1. */
const byteChange: FastCheck.Arbitrary<(line: Buffer) => Buffer> = FastCheck.record({
  at: FastCheck.double({ min: 0, max: 1, noNaN: true }),
  change: FastCheck.constantFrom("cut" as const, "drop" as const, "put" as const, "twice" as const),
  bytes: FastCheck.constantFrom(
    ...["\ufeff", "\u2028", "\u0000", "\n", "\r", "{", "]", '"', "\\", ",", "🕷", "\u00a0"].map((text) =>
      Buffer.from(text)
    ),
    Buffer.of(0xff),
    Buffer.of(0xc3),
    Buffer.of(0xed, 0xa0, 0x80)
  )
}).map(({ at, bytes, change }) => (line) => {
  const place = Math.floor(at * line.length)
  const before = line.subarray(0, place)
  const after = line.subarray(place)
  switch (change) {
    case "cut":
      return before
    case "drop":
      return Buffer.concat([before, after.subarray(1)])
    case "put":
      return Buffer.concat([before, bytes, after])
    case "twice":
      return Buffer.concat([line, line])
  }
})

/** Null `nulls` times as often as a value. */
const sometimes = <A>(nulls: number, arbitrary: FastCheck.Arbitrary<A>) =>
  FastCheck.oneof({ weight: nulls, arbitrary: FastCheck.constant(null) }, { weight: 1, arbitrary })

const ends = FastCheck.constantFrom("\n", "\n", "\n", "\r\n", " \n", "\n\n")

/** One of the messages, whole or spoilt as JSON or as bytes, with its line end. */
export const spoiltLine = (messages: FastCheck.Arbitrary<unknown>): FastCheck.Arbitrary<Buffer> =>
  FastCheck.record({
    message: messages,
    spoil: sometimes(1, spoiling),
    change: sometimes(3, byteChange),
    end: ends
  }).map(({ change, end, message, spoil }) => {
    const line = Buffer.from(JSON.stringify(spoil === null ? message : spoil(message)))
    return Buffer.concat([change === null ? line : change(line), Buffer.from(end)])
  })
