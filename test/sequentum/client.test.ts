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

  it.effect("sends a key as ApiKey and a token as Bearer, only in the header", () =>
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

  it.effect("omits unset query parameters and fields", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([ok])
      yield* asCaller(client.get(thing, Ok, { query: { a: 1, b: undefined, c: false } }))
      yield* asCaller(client.post(thing, Ok, { body: { a: "x", b: undefined } }))
      assert.strictEqual(seen[0]?.url.search, "?a=1&c=false")
      assert.strictEqual(seen[1]?.body, '{"a":"x"}')
    })
  )

  it("percent-encodes the values of a path", () => {
    assert.strictEqual(
      apiPath("build")`/agent-builder/${"../../admin?x=1#"}/status`.path,
      "/agent-builder/..%2F..%2Fadmin%3Fx%3D1%23/status"
    )
  })

  it.effect.prop(
    "stays below its path for any session id",
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

  it.effect("has an Accept header and, with a body, a Content-Type", () =>
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

describe("an error body", () => {
  for (const [name, body] of Object.entries(shapes)) {
    it.effect(`is decoded in the shape "${name}"`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 409, body })
        assert.isTrue(error._tag === "Conflict" && error.detail === "The run is active.")
      })
    )
  }

  for (const [name, body] of [
    ["an HTML page", "<!doctype html><html><body><h1>Conflict</h1></body></html>"],
    ["empty", ""],
    ["JSON of another kind", "[1,2]"],
    ["not JSON", "oops"]
  ] as const) {
    it.effect(`has no detail if it is ${name}`, () =>
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
    it.effect(`names a missing scope, from ${where}`, () =>
      Effect.gen(function* () {
        const error = yield* get(step)
        assert.isTrue(error._tag === "Forbidden" && error.requiredScope === "runs:read")
      })
    )
  }

  it.effect("leaves a missing scope blank if nothing names it", () =>
    Effect.gen(function* () {
      const error = yield* get({ status: 403, body: '{"errorCode":"insufficient_scope","message":"No."}' })
      assert.isTrue(error._tag === "Forbidden" && error.requiredScope === "" && error.detail === "No.")
    })
  )

  for (const [what, body, said] of [
    ["the message", { message: "M", detail: "D", title: "T", statusDescription: "S" }, "M"],
    ["the detail without a message", { detail: "D", title: "T", statusDescription: "S" }, "D"],
    ["the title without a detail", { title: "T", statusDescription: "S" }, "T"],
    ["the description of the status without a title", { message: null, statusDescription: "S" }, "S"]
  ] as const) {
    it.effect(`shows ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 422, body: JSON.stringify(body) })
        assert.isTrue(error._tag === "Rejected" && error.status === 422 && error.detail === said)
      })
    )
  }

  it.effect("names no scope for another 403", () =>
    Effect.gen(function* () {
      const error = yield* get({ status: 403 })
      assert.isTrue(error._tag === "Forbidden" && error.requiredScope === undefined)
    })
  )
})

describe("cleanDetail", () => {
  const cases: ReadonlyArray<readonly [string, string, string | undefined]> = [
    ["removes markup", "<b>Bad</b> <script>alert(1)</script>input", "Bad alert(1) input"],
    ["removes line breaks and control characters", "Bad\r\n\u0000\u001b[31minput", "Bad [31minput"],
    ["removes stack frames", "Boom\n   at Foo.Bar() in C:\\x.cs:line 3", "Boom"],
    ["removes stack frames on one line", "Boom at Foo.Bar`1.<Baz>d__5.MoveNext() in C:\\x.cs:line 3", "Boom"],
    ["removes stack frames of nested types", "Boom   at Foo.Outer+Inner.Run(Int32 id)", "Boom"],
    ["leaves nothing of a bare stack", "at Foo.Bar(Int32 id) in C:\\x.cs:line 3", undefined],
    ["removes stack frames of JavaScript", "Boom at Object.<anonymous> (/app/server.js:10:3)", "Boom"],
    ["removes asynchronous stack frames", "Boom at async handle (/app/server.js:10:3)", "Boom"],
    ["keeps times and places", "Starts at noon (UTC) at the latest", "Starts at noon (UTC) at the latest"],
    ["redacts the key", `Key ${secretKey} is wrong`, "Key [redacted] is wrong"],
    ["redacts other keys", "Key sk-zzzzzzzzzz is wrong", "Key [redacted] is wrong"],
    ["redacts tokens", "Token eyJhbGciOi.eyJzdWIi.c2ln is wrong", "Token [redacted] is wrong"],
    ["returns undefined if nothing is left", "<br>\n", undefined]
  ]
  for (const [what, raw, expected] of cases) {
    it(what, () => assert.strictEqual(cleanDetail(raw, secretKey), expected))
  }

  it("returns at most 300 characters", () => {
    assert.strictEqual(cleanDetail("x".repeat(1000), secretKey)?.length, 300)
  })
})

const problemOf = (body: string, schema: Schema.Schema<unknown, unknown> = Schema.Unknown, headers = {}) =>
  Effect.map(get({ status: 200, body, headers }, schema), (error) =>
    error._tag === "UnexpectedResponse" ? `${error.problem} at "${error.at}"` : error._tag
  )

const loose = (schema: Schema.Schema.AnyNoContext): Schema.Schema<unknown, unknown> => Schema.asSchema(schema)

describe("an unexpected response", () => {
  it.effect("is described: HTML, empty, not JSON", () =>
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

  it.effect("names the place in the body and quotes nothing", () =>
    Effect.gen(function* () {
      const page = JSON.stringify({ agents: [{ id: 2, name: { secret: "value" } }], totalRecordCount: 2 })
      const problem = yield* problemOf(page, loose(AgentPage))
      assert.match(problem, /agents/u)
      assert.notInclude(problem, "secret")
      assert.match(yield* problemOf('{"status":10}', loose(Run)), /missing at "\.id"/u)
    })
  )

  for (const [body, where] of [
    [
      {
        agents: [
          { id: 1, name: 3 },
          { id: 2, name: 3 }
        ]
      },
      ".agents[0].name"
    ],
    [
      {
        items: [
          { id: 1, name: 3 },
          { id: 2, name: 3 }
        ]
      },
      ".items[0].name"
    ],
    [
      [
        { id: 1, name: 3 },
        { id: 2, name: 3 }
      ],
      "[0].name"
    ],
    ["agents", ""]
  ] as const) {
    it.effect(`names the place in the closest shape: ${JSON.stringify(body)}`, () =>
      Effect.gen(function* () {
        const error = yield* get({ status: 200, body: JSON.stringify(body) }, loose(AgentPage))
        assert.isTrue(error._tag === "UnexpectedResponse")
        assert.propertyVal(error, "at", where)
      })
    )
  }

  it.effect("is an id that an int64 can't hold", () =>
    Effect.gen(function* () {
      assert.match(yield* problemOf('{"id":90071992547409930000,"status":10}', loose(Run)), /at "\.id"/u)
    })
  )
})

/** A body as the client decodes it. */
const decoded = (body: unknown, schema: typeof Run) =>
  Effect.gen(function* () {
    const { client } = yield* scriptedClient([{ status: 200, body: JSON.stringify(body) }])
    return yield* asCaller(client.get(apiPath("agent")`/agent/7/run/1/status`, schema))
  })

describe("decoding is tolerant", () => {
  it.effect("null and absent are the same", () =>
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

  it.effect("an unknown enumeration integer becomes Unknown", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* decoded({ id: 1, status: 13 }, Run)).status, "Unknown(13)")
    })
  )

  it.effect("an enumeration may be sent as its words", () =>
    Effect.gen(function* () {
      for (const status of ["Success", "success", "10"]) {
        assert.strictEqual((yield* decoded({ id: 1, status }, Run)).status, "Success")
      }
    })
  )

  it.effect("unknown fields are dropped", () =>
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
    ["the response is not a redirect", ok],
    ["the redirect has no location", { status: 302 }],
    ["the location is empty", { status: 302, headers: { location: "" } }],
    ["the redirect leads to itself", { status: 307, headers: { location: `/api/v1${download.path}` } }],
    ["the location is not a URL", { status: 302, headers: { location: "https://" } }]
  ] as const) {
    it.effect(`is missing if ${what}`, () =>
      Effect.gen(function* () {
        const { client } = yield* scriptedClient([step])
        const error = yield* Effect.flip(asCaller(client.redirect(download)))
        assert.strictEqual(error._tag, "UnexpectedResponse")
      })
    )
  }

  it.effect("that does not exist is NotFound", () =>
    Effect.gen(function* () {
      const { client } = yield* scriptedClient([{ status: 404 }])
      const error = yield* Effect.flip(asCaller(client.redirect(download)))
      assert.strictEqual(error._tag, "NotFound")
    })
  )
})

describe("an empty response", () => {
  for (const status of [200, 202, 204]) {
    it.effect(`is accepted if nothing is expected (${status})`, () =>
      Effect.gen(function* () {
        const { client } = yield* scriptedClient([{ status }])
        yield* asCaller(client.postVoid(apiPath("agent")`/agent/1/run/2/stop`))
        yield* asCaller(client.deleteVoid(apiPath("agent")`/agent/1/run/2`))
      })
    )
  }

  it.effect("is accepted from a synchronous run, like JSON and text", () =>
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
