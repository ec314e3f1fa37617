import { assert, describe, it } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { toCsv } from "../../src/sandbox/files.ts"
import { as, books, reviews, Run, RunFiles, Runs, sandbox } from "./drive.ts"

const Rows = Schema.Array(
  Schema.Record({
    key: Schema.String,
    value: Schema.NullOr(Schema.Union(Schema.String, Schema.Number, Schema.Boolean))
  })
)

const latest = (agentId: number) =>
  Effect.gen(function* () {
    const box = yield* sandbox()
    const [run] = yield* Effect.flatMap(box.get(`/agent/${agentId}/runs`), as(Runs))
    const path = `/agent/${agentId}/run/${run?.id ?? 0}`
    const files = yield* Effect.flatMap(box.get(`${path}/files`), as(RunFiles))
    const locate = (name: string) =>
      Effect.gen(function* () {
        const file = files.find((file) => file.name.endsWith(name))
        const reply = yield* box.get(`${path}/file/${file?.id ?? 0}/download`)
        assert.strictEqual(reply.status, 302)
        return { size: file?.fileSize ?? -1, location: reply.headers.get("location") ?? "" }
      })
    // A signed URL must work without the Authorization header.
    const fetch = (location: string, headers: Readonly<Record<string, string>> = {}) =>
      box.send("GET", location, { headers: { authorization: "", ...headers } })
    return { ...box, run, path, files, locate, fetch } as const
  })

const size = (text: string) => new TextEncoder().encode(text).byteLength

describe("files of a run", () => {
  it.effect("contain the same records as CSV and as JSON", () =>
    Effect.gen(function* () {
      const { fetch, locate, run } = yield* latest(books)
      const csv = yield* locate(".csv")
      const json = yield* locate(".json")
      const table = yield* fetch(csv.location)
      assert.strictEqual(table.status, 200)
      assert.strictEqual(table.headers.get("content-type"), "text/csv; charset=utf-8")
      assert.strictEqual(size(table.text), csv.size)
      const fromCsv = yield* Effect.try((): unknown => parse(table.text, { columns: true })).pipe(
        Effect.flatMap(Schema.decodeUnknown(Rows))
      )
      const records = yield* fetch(json.location)
      assert.strictEqual(size(records.text), json.size)
      const fromJson = yield* as(Rows)(records)
      assert.lengthOf(fromJson, run?.exportCount ?? 0)
      assert.isAtLeast(fromJson.length, 120)
      assert.deepStrictEqual(
        fromCsv,
        fromJson.map((row) =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? "" : String(value)]))
        )
      )
      assert.match(table.text, /雪国/)
      assert.match(table.text, /""/)
      assert.isTrue(fromCsv.some((row) => String(row["description"]).includes("\n")))
      assert.isTrue(fromCsv.some((row) => String(row["title"]).includes(",")))
    })
  )

  it.effect("include a log, and the tracking database of a data set", () =>
    Effect.gen(function* () {
      const { fetch, files, locate } = yield* latest(reviews)
      assert.deepStrictEqual(
        files.map((file) => file.fileType),
        [1, 1, 5, 6]
      )
      const log = yield* locate(".log")
      const text = yield* fetch(log.location)
      assert.strictEqual(text.headers.get("content-type"), "text/plain; charset=utf-8")
      assert.strictEqual(size(text.text), log.size)
      assert.match(text.text, /\[Info\] Page 1 loaded/)
    })
  )

  it.effect("do not exist before the end, and include an HTML log only on request", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(
        post(`/agent/${books}/start`, { body: { logMode: "TextAndHtml", logLevel: "Error" } }),
        as(Run)
      )
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual((yield* get(`/agent/${books}/run/${id}/files`)).text, "[]")
      yield* TestClock.adjust("10 minutes")
      const files = yield* Effect.flatMap(get(`/agent/${books}/run/${id}/files`), as(RunFiles))
      assert.deepStrictEqual(
        files.map((file) => file.fileType),
        [1, 1, 6, 7]
      )
    })
  )

  it.effect("have the value of an input parameter in the column of the same name", () =>
    Effect.gen(function* () {
      const { get, post, send } = yield* sandbox()
      const body = { inputParameters: JSON.stringify({ category: "Poetry", maxPages: 2 }) }
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`, { body }), as(Run))
      yield* TestClock.adjust("10 minutes")
      const files = yield* Effect.flatMap(get(`/agent/${books}/run/${id}/files`), as(RunFiles))
      const json = files.find((file) => file.name.endsWith(".json"))
      const { headers } = yield* get(`/agent/${books}/run/${id}/file/${json?.id ?? 0}/download`)
      const rows = yield* Effect.flatMap(send("GET", headers.get("location") ?? ""), as(Rows))
      assert.lengthOf(rows, 40)
      assert.deepStrictEqual(new Set(rows.map((row) => row["category"])), new Set(["Poetry"]))
    })
  )
})

describe("a signed URL", () => {
  it.effect("is on the same host, outside the API, and needs no credentials", () =>
    Effect.gen(function* () {
      const { fetch, locate } = yield* latest(books)
      const { location } = yield* locate(".csv")
      assert.match(location, /^http:\/\/sandbox\.test\/files\//)
      assert.notInclude(location, "sk-test")
      const reply = yield* fetch(location)
      assert.strictEqual(reply.status, 200)
      assert.isNull(reply.headers.get("x-ratelimit-limit"))
    })
  )

  it.effect("is refused if it is forged or expired", () =>
    Effect.gen(function* () {
      const { fetch, files, locate } = yield* latest(books)
      const { location } = yield* locate(".csv")
      const forge = (change: (url: URL) => void) => {
        const url = new URL(location)
        change(url)
        return Effect.map(fetch(url.href), (reply) => reply.status)
      }
      assert.strictEqual(yield* forge((url) => url.searchParams.set("expires", "9999999999")), 403)
      assert.strictEqual(yield* forge((url) => url.searchParams.delete("signature")), 403)
      assert.strictEqual(yield* forge((url) => url.searchParams.set("signature", "zz")), 403)
      const other = String(files[1]?.id)
      assert.strictEqual(
        yield* forge((url) => {
          url.pathname = url.pathname.replace(String(files[0]?.id), other)
        }),
        403
      )
      yield* TestClock.adjust("14 minutes")
      assert.strictEqual((yield* fetch(location)).status, 200)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* fetch(location)).status, 403)
    })
  )

  it.effect("is 404 after the file is removed", () =>
    Effect.gen(function* () {
      const { del, fetch, locate, path } = yield* latest(books)
      const { location } = yield* locate(".csv")
      yield* del(`${path}?removeMethod=RemoveAllFiles`)
      assert.strictEqual((yield* fetch(location)).status, 404)
    })
  )

  it.effect("supports single byte ranges", () =>
    Effect.gen(function* () {
      const { fetch, locate } = yield* latest(books)
      const { location, size } = yield* locate(".log")
      const whole = yield* fetch(location)
      const range = (range: string) => fetch(location, { range })
      const first = yield* range("bytes=0-9")
      assert.strictEqual(first.status, 206)
      assert.strictEqual(first.text, whole.text.slice(0, 10))
      assert.strictEqual(first.headers.get("content-range"), `bytes 0-9/${size}`)
      assert.strictEqual((yield* range("bytes=-5")).text, whole.text.slice(-5))
      assert.strictEqual((yield* range("bytes=20-")).text, whole.text.slice(20))
      assert.strictEqual((yield* range(`bytes=${size - 3}-${size + 100}`)).text, whole.text.slice(-3))
      for (const beyond of [`bytes=${size}-`, "bytes=-0"]) {
        const reply = yield* range(beyond)
        assert.strictEqual(reply.status, 416)
        assert.strictEqual(reply.headers.get("content-range"), `bytes */${size}`)
      }
      for (const ignored of ["bytes=0-1,4-5", "lines=1-2", "bytes=9-3"]) {
        assert.strictEqual((yield* range(ignored)).status, 200, ignored)
      }
    })
  )

  it.effect("exists only for a file of that run and agent", () =>
    Effect.gen(function* () {
      const { files, get, path } = yield* latest(books)
      assert.strictEqual((yield* get(`${path}/file/1/download`)).status, 404)
      assert.strictEqual((yield* get(`${path}/file/x/download`)).status, 400)
      const other = yield* get(`/agent/${reviews}/run/1/file/${files[0]?.id ?? 0}/download`)
      assert.strictEqual(other.status, 404)
    })
  )
})

it("CSV is quoted where necessary", () => {
  assert.strictEqual(
    toCsv([{ a: 'x"y', b: "1,2", c: "l1\nl2", d: null, e: true, f: 1.5 }]),
    'a,b,c,d,e,f\r\n"x""y","1,2","l1\nl2",,true,1.5\r\n'
  )
})
