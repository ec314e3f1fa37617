import { randomInt, randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { compareWith } from "../../src/cli/doctor/contract.ts"
import { serve } from "../../src/sandbox/server.ts"
import { AgentPage } from "../../src/sequentum/schemas/Agent.ts"
import { maybe, rows, RunId } from "../../src/sequentum/schemas/common.ts"
import { Run, RunStatus } from "../../src/sequentum/schemas/Run.ts"
import { certificate, key } from "../sequentum/certificate.ts"
import { run } from "../support/program.ts"

const Check = Schema.Struct({
  name: Schema.String,
  result: Schema.String,
  found: Schema.String,
  todo: Schema.optional(Schema.String)
})
const Report = Schema.parseJson(
  Schema.Struct({
    checks: Schema.Array(Check),
    contract: Schema.Array(Check),
    differences: Schema.Array(
      Schema.Struct({
        endpoint: Schema.String,
        kind: Schema.String,
        field: Schema.String,
        code: Schema.optional(Schema.Number)
      })
    ),
    neverSent: Schema.Array(Schema.Struct({ endpoint: Schema.String, fields: Schema.Array(Schema.String) }))
  })
)

type Json = Readonly<Record<string, unknown>>

/** Changes objects of an answer, and leaves the answers of other paths. */
type Plant = (path: string, object: Json) => Json

const everywhere = (change: (object: Json) => Json, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => everywhere(change, item))
  if (!Predicate.isReadonlyRecord(value)) return value
  return change(Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, everywhere(change, inner)])))
}

/** A sandbox whose answers are changed on their way. */
const planted = (plant: Plant, headers: (date: string) => Readonly<Record<string, string>> = () => ({})) =>
  Effect.gen(function* () {
    const { url } = yield* serve({ rateLimitPerMinute: 100_000 })
    const seen: Array<string> = []
    const server = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const made = createServer((request, response) => {
          const path = request.url ?? ""
          seen.push(`${request.method ?? ""} ${path}`)
          void fetch(`${url}${path}`, {
            headers: { authorization: request.headers.authorization ?? "" },
            redirect: "manual"
          }).then(async (answer) => {
            const text = await answer.text()
            const json = /json/u.test(answer.headers.get("content-type") ?? "")
            response.writeHead(answer.status, {
              "content-type": answer.headers.get("content-type") ?? "text/plain",
              ...(answer.headers.has("location") ? { location: answer.headers.get("location") ?? "" } : {}),
              ...headers(answer.headers.get("date") ?? "")
            })
            response.end(
              json
                ? JSON.stringify(
                    everywhere((object) => plant(path, object), Schema.decodeSync(Schema.parseJson())(text))
                  )
                : text
            )
          })
        })
        await once(made.listen(0, "127.0.0.1"), "listening")
        return made
      }),
      (made) => Effect.sync(() => made.close().closeAllConnections())
    )
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    return { url: `http://127.0.0.1:${port}`, seen }
  })

const examine = (url: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const outcome = yield* run(["doctor", "--json"], {
      env: { SEQUENTUM_API_URL: url, SEQUENTUM_API_KEY: "sk-secret-key", ...env }
    })
    assert.strictEqual(outcome.stderr, "")
    assert.notInclude(outcome.stdout, "sk-secret-key")
    return { ...outcome, report: yield* Effect.orDie(Schema.decode(Report)(outcome.stdout)) }
  })

const without = (object: Json, name: string): Json =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))

describe("a comparison with a Schema", () => {
  const compare = (schema: Schema.Schema.Any, answer: unknown) => compareWith(schema.ast, answer)

  it("names each kind of difference once, and no value", () => {
    const found = compare(rows(Run), [
      { id: 1, status: 10, dataCount: "12", novelty: "secret" },
      { id: "9223372036854775807", status: 77, novelty: "secret", serverName: 5 },
      { status: null, message: null }
    ])
    assert.deepStrictEqual(found.differences, [
      { kind: "number as text", field: "[].dataCount" },
      { kind: "unknown field", field: "[].novelty" },
      { kind: "unknown value", field: "[].status", code: 77 },
      { kind: "another type", field: "[].serverName" },
      { kind: "missing field", field: "[].id" },
      { kind: "another type", field: "[].status" }
    ])
    assert.notInclude(found.neverSent, "[].message")
    assert.include(found.neverSent, "[].pageCount")
  })

  it("takes the shape that fits best, where there are several", () => {
    for (const answer of [{ agents: [{ id: 1 }] }, { items: [{ id: 1 }], totalRecordCount: 1 }, [{ id: 1 }]]) {
      assert.deepStrictEqual(compare(AgentPage, answer).differences, [])
    }
    assert.deepStrictEqual(compare(AgentPage, { items: [{ extra: 1 }] }).differences, [
      { kind: "unknown field", field: "items[].extra" }
    ])
  })

  it("shows no name that may be data", () => {
    const Inputs = Schema.Struct({ inputs: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })
    assert.deepStrictEqual(compare(Inputs, { inputs: { "a secret": 1 } }).differences, [])
    assert.deepStrictEqual(compare(Schema.Struct({ id: RunId }), { id: 1, "a secret": 1 }).differences, [
      { kind: "unknown field", field: "(a name that is not shown)" }
    ])
    assert.deepStrictEqual(compare(Schema.Struct({ status: maybe(RunStatus) }), "text").differences, [
      { kind: "another type", field: "(the answer)" }
    ])
  })
})

describe("sequentum-mcp doctor", () => {
  it.live("passes on a sandbox, with a line for each check", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(["doctor", "--sandbox"])
      assert.strictEqual(code, 0, stdout)
      for (const name of ["Node.js", "Settings", "Proxy", "Network", "TLS", "Clock", "Credentials", "Rate limit"]) {
        assert.match(stdout, new RegExp(`^✓ ${name}: `, "mu"))
      }
      assert.notInclude(stdout, "✗")
      assert.notInclude(stdout, "Please report")
    })
  )

  it.scopedLive("finds what is planted in the answers, exactly, and shows no value of them", () =>
    Effect.gen(function* () {
      const plain = yield* planted((_, object) => object)
      const before = yield* examine(plain.url)
      const { seen, url } = yield* planted((path, object) => {
        if (path.includes("/spaces")) return { ...object, flavour: "planted-value" }
        if (path.endsWith("/status")) return { ...object, status: 99 }
        if (path.includes("/billing/spending")) return without(object, "totalSpent")
        if (path.endsWith("/versions")) return without(object, "userName")
        return object
      })
      const after = yield* examine(url)
      const known = new Set(before.report.differences.map((one) => JSON.stringify(one)))
      assert.deepStrictEqual(
        after.report.differences.filter((one) => !known.has(JSON.stringify(one))),
        [
          { endpoint: "GET /agent/{id}/run/{id}/status", kind: "unknown value", field: "status", code: 99 },
          { endpoint: "GET /billing/spending", kind: "missing field", field: "totalSpent" },
          { endpoint: "GET /spaces", kind: "unknown field", field: "[].flavour" },
          { endpoint: "GET /spaces/{id}", kind: "unknown field", field: "flavour" },
          { endpoint: "GET /spaces/search", kind: "unknown field", field: "flavour" },
          { endpoint: "GET /spaces/{id}/agents", kind: "unknown field", field: "[].flavour" },
          { endpoint: "GET /spaces/{id}/agents/count", kind: "unknown field", field: "flavour" }
        ]
      )
      assert.deepInclude(after.report.neverSent, { endpoint: "GET /agent/{id}/versions", fields: ["[].userName"] })
      assert.strictEqual(after.code, 1)
      for (const value of ["planted-value", "Books", "Retail", "4101"]) assert.notInclude(after.stdout, value)
      assert.isTrue(seen.every((request) => request.startsWith("GET ")))
      assert.strictEqual(new Set(seen).size, seen.length, "each endpoint once")
    })
  )

  it.live("finds of each deployment exactly the fields that the other has not", () =>
    Effect.gen(function* () {
      const reportOn = (fields: string) =>
        Effect.gen(function* () {
          const { code, stdout } = yield* run(["doctor", "--sandbox", "--sandbox-fields", fields, "--json"])
          assert.strictEqual(code, 0, stdout)
          return yield* Effect.orDie(Schema.decode(Report)(stdout))
        })
      const [production, qa] = yield* Effect.all([reportOn("production"), reportOn("qa")])
      const named = (endpoint: string, prefix: string, fields: string) =>
        fields.split(" ").map((field) => ({ endpoint, kind: "unknown field", field: `${prefix}${field}` }))
      const inSchedules = "startedBy serverId httpVersion saveContentCache configName"
      const inSpaces = "scope runRetentionHours initiatedBy access"
      const inUpcoming =
        "schedule scheduleType runEveryCount runEveryPeriod spaceId spaceName approvalStatus lastRunId lastRunTime lastRunMessage"
      const expected = [
        ...named("GET /analytics/schedules/upcoming", "[].", inUpcoming),
        ...named("GET /agent/{id}/schedules", "[].", inSchedules),
        ...named("GET /agent/{id}/schedules/{id}", "", inSchedules),
        ...named("GET /spaces", "[].", inSpaces),
        ...named("GET /spaces/{id}", "", inSpaces),
        ...named("GET /spaces/search", "", inSpaces),
        ...named("GET /spaces/{id}/agents", "[].", "created updated isArchived approvalStatus labels")
      ]
      const inBoth = new Set(production.differences.map((one) => JSON.stringify(one)))
      assert.deepStrictEqual(
        qa.differences.filter((one) => !inBoth.has(JSON.stringify(one))),
        expected
      )
      assert.strictEqual(qa.differences.length, production.differences.length + expected.length)
      // Fields that are expected, and that production does not send.
      const neverSent = ({ neverSent: all }: typeof qa) =>
        all.flatMap(({ endpoint, fields }) => fields.map((field) => `${endpoint} ${field}`))
      const inQa = new Set(neverSent(qa))
      assert.deepStrictEqual(
        neverSent(production).filter((one) => !inQa.has(one)),
        ["GET /analytics/schedules/upcoming [].lastRunStatus", "GET /spaces/{id}/agents [].version"]
      )
    })
  )

  it.scopedLive("finds what no code can know: a field, a code and a type that are made up each time", () =>
    Effect.gen(function* () {
      const field = `f${randomUUID().replaceAll("-", "")}`
      const code = randomInt(1000, 1_000_000)
      const plain = yield* planted((_, object) => object)
      const before = yield* examine(plain.url)
      const { url } = yield* planted((path, object) => {
        if (/\/agent\/\d+$/u.test(path)) return { ...object, [field]: true }
        if (path.endsWith("/versions")) return { ...object, version: [field] }
        if (path.endsWith("/status")) return { ...object, status: code }
        return object
      })
      const after = yield* examine(url)
      const known = new Set(before.report.differences.map((one) => JSON.stringify(one)))
      const found = after.report.differences.filter((one) => !known.has(JSON.stringify(one)))
      assert.deepInclude(found, { endpoint: "GET /agent/{id}", kind: "unknown field", field })
      assert.deepInclude(found, {
        endpoint: "GET /agent/{id}/run/{id}/status",
        kind: "unknown value",
        field: "status",
        code
      })
      assert.deepInclude(found, { endpoint: "GET /agent/{id}/versions", kind: "another type", field: "[].version" })
      assert.strictEqual(after.code, 1)
    })
  )

  it.scopedLive("reads every endpoint that a service reads", () =>
    Effect.gen(function* () {
      const { url } = yield* planted((_, object) => object)
      const { report } = yield* examine(url)
      const folder = new URL("../../src/sequentum/", import.meta.url)
      const sources = readdirSync(folder).filter((name) => name.endsWith(".ts"))
      const endpoints = sources.flatMap((name) =>
        [
          ...readFileSync(new URL(name, folder), "utf8").matchAll(
            /client\s*\.(?:get|getDated|redirect)\(\s*apiPath\([^)]*\)`([^`]+)`/gu
          )
        ].map(([, path = ""]) => `GET ${path.replaceAll(/\$\{[^}]+\}/gu, "{id}")}`)
      )
      assert.isAbove(endpoints.length, 25)
      assert.includeMembers(
        report.contract.map(({ name }) => name),
        endpoints
      )
    })
  )

  it.scopedLive("says that the clock is wrong", () =>
    Effect.gen(function* () {
      const late = () => ({ date: new Date(Date.now() + 3_600_000).toUTCString() })
      const { url } = yield* planted((_, object) => object, late)
      const { code, report } = yield* examine(url)
      const clock = report.checks.find(({ name }) => name === "Clock")
      assert.match(clock?.found ?? "", /^(?:3599|3600|3601) seconds behind Sequentum's$/u)
      assert.strictEqual(clock?.todo, "Set this machine's clock.")
      assert.strictEqual(code, 1)
    })
  )

  it.scopedLive("names the scopes that are missing", () =>
    Effect.gen(function* () {
      const server = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const made = createServer((request, response) => {
            if (request.url?.includes("/billing/") === true) {
              response.writeHead(403, {
                "www-authenticate": 'Bearer error="insufficient_scope", scope="billing:read"'
              })
              response.end()
            } else response.writeHead(200, { "content-type": "application/json" }).end("[]")
          })
          await once(made.listen(0, "127.0.0.1"), "listening")
          return made
        }),
        (made) => Effect.sync(() => made.close())
      )
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      const { code, report } = yield* examine(`http://127.0.0.1:${port}`)
      const credentials = report.checks.find(({ name }) => name === "Credentials")
      assert.strictEqual(credentials?.found, "accepted, but not for the scopes billing:read")
      assert.strictEqual(code, 4)
    })
  )

  it.scopedLive("says of a certificate that nobody signed, and of a key that is refused, what to do", () =>
    Effect.gen(function* () {
      const server = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const made = createSecureServer({ key, cert: certificate }, (_, response) =>
            response.writeHead(401).end("{}")
          )
          await once(made.listen(0, "127.0.0.1"), "listening")
          return made
        }),
        (made) => Effect.sync(() => made.close().closeAllConnections())
      )
      const address = server.address()
      const url = `https://localhost:${address !== null && typeof address === "object" ? address.port : 0}`
      const untrusted = yield* examine(url)
      assert.strictEqual(untrusted.code, 6)
      const tls = untrusted.report.checks.at(-1)
      assert.deepInclude(tls, { name: "TLS", result: "fail", found: "DEPTH_ZERO_SELF_SIGNED_CERT" })
      assert.include(tls?.todo, "set NODE_EXTRA_CA_CERTS to the file of its certificate, and start this server anew")
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "doctor-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      writeFileSync(join(folder, "ca.pem"), certificate)
      const trusted = yield* examine(url, { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") })
      assert.strictEqual(trusted.code, 4)
      assert.deepInclude(
        trusted.report.checks.find(({ name }) => name === "Credentials"),
        { result: "fail", found: "refused (401)" }
      )
    })
  )

  it.live("stops at what keeps it from going on, with its exit code", () =>
    Effect.gen(function* () {
      const offline = yield* examine("http://127.0.0.1:1")
      assert.strictEqual(offline.code, 6)
      assert.deepInclude(offline.report.checks.at(-1), { name: "Network", result: "fail", found: "ECONNREFUSED" })
      assert.notInclude(offline.report.checks.at(-1)?.todo, "ask the user")
      const proxied = yield* examine("https://sequentum.invalid", { HTTPS_PROXY: "http://127.0.0.1:1" })
      assert.strictEqual(proxied.code, 6)
      assert.deepInclude(proxied.report.checks.at(-2), { name: "Proxy", found: "127.0.0.1:1" })
      assert.deepInclude(proxied.report.checks.at(-1), { name: "Network", result: "fail", found: "ECONNREFUSED" })
      const wrong = yield* examine("nowhere", { PORT: "many" })
      assert.strictEqual(wrong.code, 2)
      assert.strictEqual(wrong.report.checks.filter(({ result }) => result === "fail").length, 2)
    })
  )
})
