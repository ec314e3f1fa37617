import { assert, describe, it } from "@effect/vitest"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { makeAdmit, type AdmissionOptions } from "../../src/http/admission/admit.ts"
import { originPolicy } from "../../src/http/admission/origins.ts"
import { makeRateLimiter } from "../../src/http/admission/rateLimit.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { everything } from "../../src/tools/selection.ts"

const operator = Credentials.of({ scheme: "ApiKey", secret: Redacted.make("operator") })

const options: AdmissionOptions = {
  origins: originPolicy({
    allowedOrigins: ["https://app.example.com"],
    debug: false,
    host: "0.0.0.0",
    requireAuth: true
  }),
  hosts: ["mcp.example.com"],
  trustProxy: false,
  rateLimiter: undefined,
  addresses: () => ({ publicUrl: "https://mcp.example.com", issuer: "https://sequentum.example" }),
  anonymous: Option.none(),
  selection: everything
}

/** A request that every check accepts, but for the headers given; undefined leaves one out. */
const request = (
  headers: Readonly<Record<string, string | undefined>> = {},
  { method = "POST", remoteAddress = "192.0.2.1" } = {}
) => ({
  method,
  headers: Headers.fromInput({
    host: "mcp.example.com",
    origin: "https://app.example.com",
    authorization: "Bearer alice",
    ...headers
  }),
  remoteAddress: Option.some(remoteAddress)
})

const admit = (given: Partial<AdmissionOptions> = {}) => makeAdmit({ ...options, ...given })

type Admission = ReturnType<ReturnType<typeof makeAdmit>>

const refused = (outcome: Admission) => {
  if (HttpServerResponse.isServerResponse(outcome)) return outcome
  return assert.fail("The request was admitted")
}

const admitted = (outcome: Admission) => {
  if (HttpServerResponse.isServerResponse(outcome)) return assert.fail(`The request was refused: ${outcome.status}`)
  return outcome
}

const always = { vary: "Origin", "cache-control": "no-store", "x-content-type-options": "nosniff" }

const cors = {
  ...always,
  "access-control-allow-origin": "https://app.example.com",
  "access-control-expose-headers":
    "mcp-session-id, www-authenticate, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset"
}

const headersOf = ({ headers }: HttpServerResponse.HttpServerResponse) => ({ ...headers })

describe("admit", () => {
  it.effect("passes on the caller, the token, the addresses and the headers of every response", () =>
    Effect.gen(function* () {
      const rateLimiter = yield* makeRateLimiter(10)
      const { addresses, caller, headers, token } = admitted(
        admit({ rateLimiter })(request({ "x-mcp-tools": "list_agents" }))
      )
      assert.strictEqual(caller.credentials.scheme, "Bearer")
      assert.strictEqual(Redacted.value(caller.credentials.secret), "alice")
      assert.notInclude(caller.credentials.account ?? "alice", "alice")
      assert.deepStrictEqual(token, Option.some("alice"))
      assert.strictEqual(addresses.publicUrl, "https://mcp.example.com")
      assert.deepStrictEqual(headers, {
        ...cors,
        "ratelimit-limit": "10",
        "ratelimit-remaining": "9",
        "ratelimit-reset": "60"
      })
      const tool = { toolset: "agents", annotations: { readOnlyHint: true } }
      assert.isTrue(caller.selection({ ...tool, name: "list_agents" }))
      assert.isFalse(caller.selection({ ...tool, name: "get_agent" }))
    })
  )

  it("accepts GET and DELETE, and requests without an Origin", () => {
    for (const method of ["GET", "DELETE"]) admitted(admit()(request({}, { method })))
    assert.deepStrictEqual(admitted(admit()(request({ origin: undefined }))).headers, always)
  })

  it.effect("refuses by the first check that fails: origin, host, rate, method, authorization, selection", () =>
    Effect.gen(function* () {
      const rateLimiter = yield* makeRateLimiter(2)
      const check = admit({ rateLimiter })
      const wrong = {
        origin: "https://evil.example",
        host: "evil.example",
        authorization: undefined,
        "x-mcp-tools": "nonsense"
      }
      const put = { method: "PUT" }
      const byOrigin = refused(check(request(wrong, put)))
      assert.deepInclude(headersOf(byOrigin), { vary: "Origin" })
      assert.notProperty(byOrigin.headers, "access-control-allow-origin")
      const byHost = refused(check(request({ ...wrong, origin: undefined }, put)))
      assert.deepStrictEqual([byOrigin.status, byHost.status], [403, 403])
      // Neither was counted: two requests are still allowed.
      const good = { ...wrong, origin: "https://app.example.com", host: "mcp.example.com" }
      const byMethod = refused(check(request(good, put)))
      assert.strictEqual(byMethod.status, 405)
      assert.deepInclude(headersOf(byMethod), { ...cors, allow: "GET, POST, DELETE", "ratelimit-remaining": "1" })
      const byToken = refused(check(request(good)))
      assert.strictEqual(byToken.status, 401)
      assert.strictEqual(byToken.headers["ratelimit-remaining"], "0")
      assert.match(
        byToken.headers["www-authenticate"] ?? "",
        /^Bearer resource_metadata="https:\/\/mcp\.example\.com\/\.well-known\/oauth-protected-resource\/mcp", scope="/u
      )
      const byRate = refused(check(request(good, put)))
      assert.strictEqual(byRate.status, 429)
      assert.deepInclude(headersOf(byRate), { ...cors, "retry-after": "60" })
      const fromElsewhere = { remoteAddress: "192.0.2.2" }
      const bySelection = refused(check(request({ ...good, authorization: "Bearer alice" }, fromElsewhere)))
      assert.strictEqual(bySelection.status, 400)
      assert.deepInclude(headersOf(bySelection), { ...cors, "ratelimit-remaining": "1" })
    })
  )

  it.effect("answers a preflight without counting it", () =>
    Effect.gen(function* () {
      const check = admit({ rateLimiter: yield* makeRateLimiter(1) })
      const preflight = refused(check(request({ authorization: undefined }, { method: "OPTIONS" })))
      assert.strictEqual(preflight.status, 204)
      assert.deepInclude(headersOf(preflight), {
        ...cors,
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS"
      })
      admitted(check(request()))
    })
  )

  it("uses the operator's key only when there is no Authorization header", () => {
    const check = admit({ anonymous: Option.some(operator) })
    for (const authorization of [undefined, "", "  "]) {
      const { caller, token } = admitted(check(request({ authorization })))
      assert.strictEqual(caller.credentials, operator)
      assert.isTrue(Option.isNone(token))
    }
    for (const authorization of ["Bearer", "Bearer a b", "Basic YTpi", "alice"]) {
      assert.strictEqual(refused(check(request({ authorization }))).status, 401, authorization)
    }
    assert.strictEqual(admitted(check(request())).caller.credentials.scheme, "Bearer")
  })

  it("accepts any Host unless some are given", () => {
    admitted(admit({ hosts: undefined })(request({ host: "anything.example" })))
    assert.strictEqual(refused(admit()(request({ host: undefined }))).status, 403)
  })
})
