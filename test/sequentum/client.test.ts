import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { AgentPage } from "../../src/sequentum/schemas/Agent.ts"
import { RunId } from "../../src/sequentum/schemas/common.ts"
import { Run } from "../../src/sequentum/schemas/Run.ts"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import { cleanDetail } from "../../src/sequentum/client/errorBody.ts"
import { asCaller, keyCaller, scriptedClient, secretKey, type Step } from "../support/http.ts"

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })
const download = apiPath("file")`/agent/1/run/2/file/3/download`
const ok: Step = { status: 200, body: '{"ok":true}' }

const get = (step: Step, schema: Schema.Schema<unknown, unknown> = Schema.Unknown) =>
  Effect.gen(function* () {
    const { client } = yield* scriptedClient([step])
    return yield* Effect.flip(asCaller(client.get(apiPath("agent")`/agent/7`, schema)))
  })

describe("a request", () => {
  for (const [apiUrl, expected] of [
    ["https://sequentum.test", "https://sequentum.test/api/v1/thing"],
    ["https://sequentum.test/", "https://sequentum.test/api/v1/thing"],
    ["https://sequentum.test/api/v1", "https://sequentum.test/api/v1/thing"],
    ["https://sequentum.test/api/v1/", "https://sequentum.test/api/v1/thing"],
    ["https://proxy.test/sequentum", "https://proxy.test/sequentum/api/v1/thing"]
  ] as const) {
    it.effect(`to ${apiUrl} goes to ${expected}`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* scriptedClient([ok], { apiUrl })
        yield* asCaller(client.get(thing, Ok))
        assert.strictEqual(seen[0]?.url.href, expected)
      })
    )
  }

  it.effect("carries a key as ApiKey or a token as Bearer, in the header alone", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([ok])
      const token = Credentials.of({ scheme: "Bearer", secret: Redacted.make("a.b.c") })
      yield* Effect.provideService(client.get(thing, Ok), Credentials, keyCaller)
      yield* Effect.provideService(client.get(thing, Ok), Credentials, token)
      assert.deepStrictEqual(
        seen.map(({ headers }) => headers["authorization"]),
        [`ApiKey ${secretKey}`, "Bearer a.b.c"]
      )
      for (const { url } of seen) assert.notInclude(url.href, secretKey)
    })
  )

  it.effect("leaves out query parameters and fields that are not set", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([ok])
      yield* asCaller(client.get(thing, Ok, { query: { a: 1, b: undefined, c: false } }))
      yield* asCaller(client.post(thing, Ok, { body: { a: "x", b: undefined } }))
      assert.strictEqual(seen[0]?.url.search, "?a=1&c=false")
      assert.strictEqual(seen[1]?.body, '{"a":"x"}')
    })
  )

  it("encodes what is put into a path", () => {
    assert.strictEqual(
      apiPath("build")`/agent-builder/${"../../admin?x=1#"}/status`.path,
      "/agent-builder/..%2F..%2Fadmin%3Fx%3D1%23/status"
    )
  })

  it.effect.prop(
    "stays below its path, whatever a session is called",
    [
      FastCheck.oneof(
        FastCheck.string({ unit: "binary", minLength: 1, maxLength: 20 }),
        FastCheck.string({ minLength: 1, maxLength: 20 }),
        FastCheck.constantFrom(".", "..", "%2e%2e", "..\\..", "../..", "?", "#", "//evil.test", "\ud800", "a\tb", "@")
      )
    ],
    ([session]) =>
      Effect.gen(function* () {
        const { client, seen } = yield* scriptedClient([ok])
        yield* asCaller(client.get(apiPath("build")`/agent-builder/${session}/status`, Ok))
        assert.strictEqual(seen[0]?.url.host, "sequentum.test")
        assert.match(seen[0]?.url.pathname ?? "", /^\/api\/v1\/agent-builder\/[^/]+\/status$/u)
        assert.strictEqual(seen[0]?.url.search, "")
      })
  )

  it.effect("says what it takes and, with a body, what it sends", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([ok])
      yield* asCaller(client.get(thing, Ok))
      yield* asCaller(client.put(thing, Ok, { body: { name: "ü\ud800" } }))
      assert.strictEqual(seen[0]?.headers["accept"], "application/json")
      assert.strictEqual(seen[0]?.body, "")
      assert.match(seen[1]?.headers["content-type"] ?? "", /^application\/json/u)
      assert.deepStrictEqual(JSON.parse(seen[1]?.body ?? ""), { name: "ü\ud800" })
    })
  )
})

const shapes = {
  own: JSON.stringify({
    statusCode: 409,
    statusDescription: "Conflict",
    message: "The run is active.",
    errorCode: "run_active"
  }),
  severity: JSON.stringify({
    statusCode: 409,
    statusDescription: "Conflict",
    message: "The run is active.",
    severity: "Error"
  }),
  problem: JSON.stringify({
    type: "about:blank",
    title: "Conflict",
    status: 409,
    detail: "The run is active.",
    instance: "/x"
  })
}

describe("an error's body", () => {
  for (const [name, body] of Object.entries(shapes)) {
    it.effect(`is understood in the shape "${name}"`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 409, body })
        assert.isTrue(error._tag === "Conflict" && error.detail === "The run is active.")
      })
    )
  }

  for (const [name, body] of [
    ["an HTML page", "<!doctype html><html><body><h1>Conflict</h1></body></html>"],
    ["nothing", ""],
    ["JSON of another kind", "[1,2]"],
    ["no JSON", "oops"]
  ] as const) {
    it.effect(`that is ${name} leaves the status to speak`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 409, body })
        assert.isTrue(error._tag === "Conflict" && error.detail === undefined)
      })
    )
  }

  for (const [where, step] of [
    [
      "the header",
      { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="runs:read"' } }
    ],
    [
      "the body and the header",
      {
        status: 403,
        headers: { "www-authenticate": 'Bearer scope="runs:read"' },
        body: '{"errorCode":"insufficient_scope"}'
      }
    ]
  ] as const) {
    it.effect(`of a missing scope names it, from ${where}`, () =>
      Effect.gen(function* () {
        const error = yield* get(step)
        assert.isTrue(error._tag === "Forbidden" && error.requiredScope === "runs:read")
      })
    )
  }

  it.effect("of a missing scope that nothing names leaves it blank", () =>
    Effect.gen(function* () {
      const error = yield* get({ status: 403, body: '{"errorCode":"insufficient_scope","message":"No."}' })
      assert.isTrue(error._tag === "Forbidden" && error.requiredScope === "" && error.detail === "No.")
    })
  )

  for (const [what, body, said] of [
    ["the message", { message: "M", detail: "D", title: "T", statusDescription: "S" }, "M"],
    ["else the detail", { detail: "D", title: "T", statusDescription: "S" }, "D"],
    ["else the title", { title: "T", statusDescription: "S" }, "T"],
    ["else the description of the status", { message: null, statusDescription: "S" }, "S"]
  ] as const) {
    it.effect(`gives ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 422, body: JSON.stringify(body) })
        assert.isTrue(error._tag === "Rejected" && error.status === 422 && error.detail === said)
      })
    )
  }

  it.effect("of another 403 names no scope", () =>
    Effect.gen(function* () {
      const error = yield* get({ status: 403 })
      assert.isTrue(error._tag === "Forbidden" && error.requiredScope === undefined)
    })
  )
})

describe("what Sequentum says is cleaned", () => {
  const cases: ReadonlyArray<readonly [string, string, string | undefined]> = [
    ["of markup", "<b>Bad</b> <script>alert(1)</script>input", "Bad alert(1) input"],
    ["of line breaks and control characters", "Bad\r\n\u0000\u001b[31minput", "Bad [31minput"],
    ["of stack frames", "Boom\n   at Foo.Bar() in C:\\x.cs:line 3", "Boom"],
    ["of stack frames on one line", "Boom at Foo.Bar`1.<Baz>d__5.MoveNext() in C:\\x.cs:line 3", "Boom"],
    ["of stack frames of nested types", "Boom   at Foo.Outer+Inner.Run(Int32 id)", "Boom"],
    ["of a stack that is all there is", "at Foo.Bar(Int32 id) in C:\\x.cs:line 3", undefined],
    ["of stack frames of JavaScript", "Boom at Object.<anonymous> (/app/server.js:10:3)", "Boom"],
    ["of asynchronous ones too", "Boom at async handle (/app/server.js:10:3)", "Boom"],
    ["but not of times and places", "Starts at noon (UTC) at the latest", "Starts at noon (UTC) at the latest"],
    ["of the key", `Key ${secretKey} is wrong`, "Key [redacted] is wrong"],
    ["of other keys", "Key sk-zzzzzzzzzz is wrong", "Key [redacted] is wrong"],
    ["of tokens", "Token eyJhbGciOi.eyJzdWIi.c2ln is wrong", "Token [redacted] is wrong"],
    ["to nothing where nothing is left", "<br>\n", undefined]
  ]
  for (const [what, raw, expected] of cases) {
    it(what, () => assert.strictEqual(cleanDetail(raw, secretKey), expected))
  }

  it("to 300 characters", () => {
    assert.strictEqual(cleanDetail("x".repeat(1000), secretKey)?.length, 300)
  })
})

const problemOf = (body: string, schema: Schema.Schema<unknown, unknown> = Schema.Unknown, headers = {}) =>
  Effect.map(get({ status: 200, body, headers }, schema), (error) =>
    error._tag === "UnexpectedResponse" ? `${error.problem} at "${error.at}"` : error._tag
  )

const loose = (schema: Schema.Schema.AnyNoContext): Schema.Schema<unknown, unknown> => Schema.asSchema(schema)

describe("an answer that is not what was expected", () => {
  it.effect("is named: HTML, nothing, no JSON", () =>
    Effect.gen(function* () {
      assert.match(yield* problemOf("<html>"), /HTML page/u)
      assert.match(yield* problemOf("Sign in", Schema.Unknown, { "content-type": "text/html" }), /HTML page/u)
      assert.match(yield* problemOf(" "), /empty body/u)
      assert.match(yield* problemOf("{"), /not JSON/u)
    })
  )

  it.effect("is a redirect where data was expected", () =>
    Effect.gen(function* () {
      const error = yield* get({ status: 302, headers: { location: "https://elsewhere.test/" } })
      assert.isTrue(error._tag === "UnexpectedResponse" && /redirect/u.test(error.problem))
    })
  )

  it.effect("names the place in the body, and repeats none of it", () =>
    Effect.gen(function* () {
      const page = JSON.stringify({ agents: [{ id: 1 }, { id: 2, name: { secret: "value" } }], totalRecordCount: 2 })
      const problem = yield* problemOf(page, loose(AgentPage))
      assert.match(problem, /agents/u)
      assert.notInclude(problem, "secret")
      assert.match(yield* problemOf('{"status":10}', loose(Run)), /missing at "\.id"/u)
    })
  )

  for (const [body, where] of [
    [{ agents: [{ id: 1 }, { id: 2, name: 3 }] }, ".agents[1].name"],
    [{ items: [{ id: 1 }, { id: 2, name: 3 }] }, ".items[1].name"],
    [[{ id: 1 }, { id: 2, name: 3 }], "[1].name"],
    ["agents", ""]
  ] as const) {
    it.effect(`names the place in the shape that it came nearest to: ${JSON.stringify(body)}`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 200, body: JSON.stringify(body) }, loose(AgentPage))
        assert.isTrue(error._tag === "UnexpectedResponse")
        assert.propertyVal(error, "at", where)
      })
    )
  }

  it.effect("is an identifier that a number can't hold", () =>
    Effect.gen(function* () {
      assert.match(yield* problemOf('{"id":9007199254740993,"status":10}', loose(Run)), /at "\.id"/u)
    })
  )
})

/** What the client makes of a body. */
const decoded = (body: unknown, schema: typeof Run) =>
  Effect.gen(function* () {
    const { client } = yield* scriptedClient([{ status: 200, body: JSON.stringify(body) }])
    return yield* asCaller(client.get(apiPath("agent")`/agent/7/run/1/status`, schema))
  })

describe("decoding is tolerant", () => {
  it.effect("null and absent are alike", () =>
    Effect.gen(function* () {
      for (const absent of [{ message: null }, {}]) {
        const run = yield* decoded({ id: 1, status: 10, ...absent }, Run)
        assert.deepStrictEqual(
          { ...run, message: run.message },
          { id: RunId.make(1), status: "Success", message: undefined }
        )
      }
    })
  )

  it.effect("an enumeration integer that is not known becomes Unknown", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* decoded({ id: 1, status: 13 }, Run)).status, "Unknown(13)")
    })
  )

  it.effect("fields that are not known are left out", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* decoded({ id: 1, status: 10, startedBy: "me" }, Run), {
        id: RunId.make(1),
        status: "Success"
      })
    })
  )

  it.effect("agents come in three shapes", () =>
    Effect.gen(function* () {
      const shapes = [
        { agents: [{ id: 1 }], totalRecordCount: 1 },
        { items: [{ id: 1 }], totalRecordCount: 1 },
        [{ id: 1 }]
      ]
      for (const shape of shapes) {
        const { client } = yield* scriptedClient([{ status: 200, body: JSON.stringify(shape) }])
        const page = yield* asCaller(client.get(apiPath("agent")`/agent/all`, AgentPage))
        assert.deepStrictEqual(
          page.agents.map(({ id }) => Number(id)),
          [1]
        )
      }
    })
  )
})

describe("a download address", () => {
  for (const [location, expected] of [
    ["https://files.test/a.csv?sig=1", "https://files.test/a.csv?sig=1"],
    ["/files/a.csv", "https://sequentum.test/files/a.csv"]
  ] as const) {
    it.effect(`is read from the redirect to ${location}, which is not followed`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* scriptedClient([{ status: 302, headers: { location } }])
        const url = yield* asCaller(client.redirect(download))
        assert.strictEqual(url.href, expected)
        assert.strictEqual(seen.length, 1)
      })
    )
  }

  for (const [what, step] of [
    ["the answer is not a redirect", ok],
    ["the redirect leads nowhere", { status: 302 }],
    ["the redirect leads to no URL", { status: 302, headers: { location: "https://" } }]
  ] as const) {
    it.effect(`is missing where ${what}`, () =>
      Effect.gen(function* () {
        const { client } = yield* scriptedClient([step])
        const error = yield* Effect.flip(asCaller(client.redirect(download)))
        assert.strictEqual(error._tag, "UnexpectedResponse")
      })
    )
  }

  it.effect("that does not exist is told as such", () =>
    Effect.gen(function* () {
      const { client } = yield* scriptedClient([{ status: 404 }])
      const error = yield* Effect.flip(asCaller(client.redirect(download)))
      assert.strictEqual(error._tag, "NotFound")
    })
  )
})

describe("an answer with nothing in it", () => {
  for (const status of [200, 202, 204]) {
    it.effect(`is enough where nothing is expected (${status})`, () =>
      Effect.gen(function* () {
        const { client } = yield* scriptedClient([{ status }])
        yield* asCaller(client.postVoid(apiPath("agent")`/agent/1/run/2/stop`))
        yield* asCaller(client.deleteVoid(apiPath("agent")`/agent/1/run/2`))
      })
    )
  }

  it.effect("a synchronous run may answer with JSON, with text or with nothing", () =>
    Effect.gen(function* () {
      for (const [body, data] of [
        ['[{"a":1}]', [{ a: 1 }]],
        ["a,b\n1,2", "a,b\n1,2"],
        ["", ""]
      ] as const) {
        const { client } = yield* scriptedClient([{ status: 200, body }])
        assert.deepStrictEqual(yield* asCaller(client.postData(apiPath("agent")`/agent/1/start`)), data)
      }
    })
  )
})
