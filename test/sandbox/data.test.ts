import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Reply } from "./drive.ts"
import {
  as,
  bigTable,
  grocery,
  jsonLines,
  laptops,
  lots,
  RunFiles,
  Runs,
  samples,
  sandbox,
  scriptErrors,
  semicolons
} from "./drive.ts"

/** The finished runs of an agent, newest first, and what their files hold. */
const runsOf = (agentId: number) =>
  Effect.gen(function* () {
    const box = yield* sandbox()
    const runs = yield* Effect.flatMap(box.get(`/agent/${agentId}/runs`), as(Runs))
    const filesOf = (runId: number) => Effect.flatMap(box.get(`/agent/${agentId}/run/${runId}/files`), as(RunFiles))
    const fetch = (runId: number, name: string, headers: Readonly<Record<string, string>> = {}) =>
      Effect.gen(function* () {
        const file = (yield* filesOf(runId)).find((file) => file.name.endsWith(name))
        const { headers: found } = yield* box.get(`/agent/${agentId}/run/${runId}/file/${file?.id ?? 0}/download`)
        const reply = yield* box.send("GET", found.get("location") ?? "", { headers })
        return { reply, size: file?.fileSize ?? -1 }
      })
    const reply = (runId: number, name: string) => Effect.map(fetch(runId, name), ({ reply }) => reply)
    return { runs, filesOf, fetch, reply } as const
  })

const Records = Schema.Array(Schema.Record({ key: Schema.String, value: Schema.String }))
const recordsOf = ({ text }: Reply) => Schema.decodeUnknownSync(Records)(parse(text, { columns: true }))

describe("the data of two runs", () => {
  it.effect("have the same keys for the same items, and differ in some prices and items", () =>
    Effect.gen(function* () {
      const { reply, runs } = yield* runsOf(laptops)
      const tables = yield* Effect.forEach(runs.slice(0, 2), ({ id }) => reply(id, ".csv"))
      const [after, before] = tables.map(
        (table) => new Map(recordsOf(table).map((record) => [record["url"] ?? "", record]))
      )
      assert.strictEqual(after?.size, runs[0]?.exportCount)
      const keys = [...(after?.keys() ?? [])]
      const kept = keys.filter((key) => before?.has(key) === true)
      const changed = kept.filter((key) => after?.get(key)?.["price"] !== before?.get(key)?.["price"])
      assert.isAbove(kept.length, 80)
      assert.isAbove(keys.length, kept.length)
      assert.isAbove(before?.size ?? 0, kept.length)
      assert.isAbove(changed.length, 10)
      assert.isBelow(changed.length, kept.length / 2)
      for (const key of kept) assert.strictEqual(after?.get(key)?.["name"], before?.get(key)?.["name"])
    })
  )

  it.effect("are the same in every account", () =>
    Effect.gen(function* () {
      const read = Effect.flatMap(runsOf(laptops), ({ reply, runs }) => reply(runs[0]?.id ?? 0, ".csv"))
      assert.strictEqual((yield* read).text, (yield* read).text)
    })
  )
})

describe("a run that completed with too little data", () => {
  it.effect("follows one without errors, and its log names the cause", () =>
    Effect.gen(function* () {
      const { reply, runs } = yield* runsOf(grocery)
      const [bad, good] = runs
      assert.include(good, { status: 9, errorCount: 0, message: null })
      assert.strictEqual(bad?.status, 9)
      assert.isBelow((bad?.exportCount ?? 0) * 3, good?.exportCount ?? 0)
      const stores = (run: typeof bad) =>
        Effect.map(reply(run?.id ?? 0, ".csv"), (table) => new Set(recordsOf(table).map((record) => record["store"])))
      assert.strictEqual((yield* stores(good)).size, 3)
      assert.deepStrictEqual([...(yield* stores(bad))], ["Maple Street"])
      const warnings = (run: typeof bad) =>
        Effect.map(reply(run?.id ?? 0, ".log"), ({ text }) =>
          text.split("\n").filter((line) => /\bWarning\b/u.test(line))
        )
      assert.deepStrictEqual(yield* warnings(good), [])
      const lines = yield* warnings(bad)
      assert.match(lines.join("\n"), /store menu has only one entry[\s\S]+0 records where earlier runs found 15/u)
    })
  )
})

describe("the log of a failed run", () => {
  it.effect("holds the cause with its stack trace, and ends as fatal", () =>
    Effect.gen(function* () {
      const { reply, runs } = yield* runsOf(scriptErrors)
      const failed = runs.find(({ status }) => status === 6 || status === 7)
      const { text } = yield* reply(failed?.id ?? 0, ".log")
      const lines = text.trimEnd().split("\n")
      const cause = lines.findIndex((line) => line.includes("[Error]"))
      assert.include(lines[cause], failed?.message ?? "none")
      assert.match(lines[cause + 1] ?? "", /^System\.FormatException: /u)
      assert.match(lines[cause + 2] ?? "", /^ {3}at /u)
      assert.match(lines.at(-1) ?? "", /\[Fatal\] The run ended in failure\.$/u)
      const times = lines.flatMap((line) => /^(\S+Z) \[(?:Fatal|Error|Warning|Info)\] /u.exec(line)?.[1] ?? [])
      assert.deepStrictEqual(times, [...times].sort())
      assert.isAbove(times.length, 5)
    })
  )
})

describe("a table of 100,000 rows", () => {
  it.effect("is streamed, and each part of it is the same as in the whole", () =>
    Effect.gen(function* () {
      const { fetch, runs } = yield* runsOf(bigTable)
      const id = runs[0]?.id ?? 0
      const { reply: whole, size } = yield* fetch(id, ".csv")
      assert.isTrue(whole.isStreamed)
      assert.strictEqual(whole.bytes.byteLength, size)
      const lines = whole.text.trimEnd().split("\r\n")
      assert.lengthOf(lines, 100_001)
      assert.strictEqual(new Set(lines.map((line) => line.split(",", 1)[0])).size, 100_001)
      for (const [from, to] of [
        [0, 10],
        [20, 40],
        [2_500_000, 2_650_000],
        [size - 30, size - 1]
      ] as const) {
        const { reply } = yield* fetch(id, ".csv", { range: `bytes=${from}-${to}` })
        assert.strictEqual(reply.status, 206)
        assert.strictEqual(reply.text, whole.text.slice(from, to + 1), `${from}`)
      }
    })
  )

  it.effect("differs from that of another run in some items and some prices", () =>
    Effect.gen(function* () {
      const { reply, runs } = yield* runsOf(bigTable)
      const [after, before] = yield* Effect.forEach(runs.slice(0, 2), ({ id }) =>
        Effect.map(reply(id, ".csv"), ({ text }) => new Map(text.split("\r\n").map((line) => [line.slice(0, 7), line])))
      )
      const kept = [...(after?.keys() ?? [])].filter((key) => before?.has(key) === true)
      assert.isBelow(kept.length, after?.size ?? 0)
      const price = (line = "") => line.split(",")[3]
      const changed = kept.filter((key) => price(after?.get(key)) !== price(before?.get(key)))
      assert.isAbove(changed.length, 5000)
      assert.isBelow(changed.length, 40_000)
    })
  )
})

describe("outputs of other formats", () => {
  it.effect("JSON lines hold nested lists", () =>
    Effect.gen(function* () {
      const { filesOf, reply, runs } = yield* runsOf(jsonLines)
      const id = runs[0]?.id ?? 0
      assert.deepStrictEqual(
        (yield* filesOf(id)).map(({ fileType }) => fileType),
        [1, 6]
      )
      const Line = Schema.parseJson(
        Schema.Struct({ id: Schema.Int, images: Schema.Array(Schema.String), offers: Schema.Array(Schema.Unknown) })
      )
      const { text } = yield* reply(id, ".jsonl")
      const lines = yield* Effect.forEach(text.trimEnd().split("\n"), (line) => Schema.decode(Line)(line))
      assert.lengthOf(lines, runs[0]?.exportCount ?? 0)
      assert.strictEqual(new Set(lines.map((line) => line.id)).size, lines.length)
      assert.isTrue(lines.some(({ images }) => images.length > 1))
    })
  )

  it.effect("a table with semicolons is also compressed", () =>
    Effect.gen(function* () {
      const { reply, runs } = yield* runsOf(semicolons)
      const plain = yield* reply(runs[0]?.id ?? 0, ".csv")
      const packed = yield* reply(runs[0]?.id ?? 0, ".csv.gz")
      assert.strictEqual(gunzipSync(packed.bytes).toString("utf8"), plain.text)
      assert.isNull(packed.headers.get("content-encoding"))
      const [header = [], ...rows] = yield* Schema.decodeUnknown(Schema.Array(Schema.Array(Schema.String)))(
        parse(plain.text, { delimiter: ";" })
      )
      assert.deepStrictEqual(header, ["Price, EUR", "Stock, pcs", "Name", "Number"])
      assert.match(rows[0]?.[0] ?? "", /^\d+,\d\d$/u)
    })
  )

  it.effect("an object holds its records in one member, with ids beyond 2^53", () =>
    Effect.gen(function* () {
      const { reply, runs } = yield* runsOf(lots)
      const { text } = yield* reply(runs[0]?.id ?? 0, ".json")
      const { items, total } = yield* Schema.decode(
        Schema.parseJson(Schema.Struct({ total: Schema.Int, items: Schema.Array(Schema.Unknown) }))
      )(text)
      assert.lengthOf(items, total)
      const ids = [...text.matchAll(/"lotId":(\d+)/gu)].map(([, id = "0"]) => BigInt(id))
      assert.strictEqual(new Set(ids).size, total)
      assert.isTrue(ids.every((id) => id > BigInt(Number.MAX_SAFE_INTEGER)))
    })
  )

  it.effect("samples have distinct ids, and the sizes and bytes that they are listed with", () =>
    Effect.gen(function* () {
      const { fetch, filesOf, reply, runs } = yield* runsOf(samples)
      const id = runs[0]?.id ?? 0
      const files = yield* filesOf(id)
      assert.strictEqual(new Set(files.map((file) => file.id)).size, files.length)
      for (const { name } of files) {
        const { reply, size } = yield* fetch(id, name)
        assert.strictEqual(reply.bytes.byteLength, size, name)
      }
      const encoded = yield* reply(id, "encoded.csv")
      assert.strictEqual(encoded.headers.get("content-encoding"), "gzip")
      assert.match(gunzipSync(encoded.bytes).toString("utf8"), /^id,name,price\r\n/u)
      assert.deepStrictEqual([...(yield* reply(id, "utf-16.csv")).bytes.subarray(0, 4)], [0xff, 0xfe, 0x69, 0])
      assert.match((yield* reply(id, "error-page.csv")).text, /^<!DOCTYPE html>/u)
      assert.notMatch((yield* reply(id, "cut-off.json")).text, /\]/u)
    })
  )
})
