import { assert, describe, it } from "@effect/vitest"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { isToken, makeAdmit, type AdmissionOptions } from "../../src/http/admission/admit.ts"
import { accountOf } from "../../src/http/admission/bearer.ts"
import { originPolicy } from "../../src/http/admission/origins.ts"
import { makeRateLimiter } from "../../src/http/admission/rateLimit.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"

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
  addresses: () => ({
    publicUrl: "https://mcp.example.com",
    issuer: "https://sequentum.example",
    scopes: ["agents:read"]
  }),
  anonymous: Option.none(),
  isKnown: () => false
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
  it.effect("passes on the token, the addresses and the headers of every response", () =>
    Effect.gen(function* () {
      const rateLimiter = yield* makeRateLimiter(10)
      const { addresses, by, headers } = admitted(admit({ rateLimiter })(request()))
      if (!isToken(by)) return assert.fail("It has no token")
      assert.deepInclude(by, { token: "alice", address: "192.0.2.1" })
      assert.notInclude(by.account, "alice")
      assert.strictEqual(addresses.publicUrl, "https://mcp.example.com")
      assert.deepStrictEqual(headers, {
        ...cors,
        "ratelimit-limit": "10",
        "ratelimit-remaining": "9",
        "ratelimit-reset": "61"
      })
    })
  )

  it("accepts any method but OPTIONS, and requests without an Origin", () => {
    for (const method of ["GET", "DELETE", "PUT"]) admitted(admit()(request({}, { method })))
    assert.deepStrictEqual(admitted(admit()(request({ origin: undefined }))).headers, always)
  })

  it.effect("refuses by the first check that fails: rate, origin, host, authorization", () =>
    Effect.gen(function* () {
      const rateLimiter = yield* makeRateLimiter(3)
      const check = admit({ rateLimiter })
      const wrong = { origin: "https://evil.example", host: "evil.example", authorization: undefined }
      const byOrigin = refused(check(request(wrong)))
      assert.deepInclude(headersOf(byOrigin), { vary: "Origin", "ratelimit-remaining": "2" })
      assert.notProperty(byOrigin.headers, "access-control-allow-origin")
      const byHost = refused(check(request({ ...wrong, origin: undefined })))
      assert.deepStrictEqual([byOrigin.status, byHost.status], [403, 403])
      const good = { origin: "https://app.example.com", host: "mcp.example.com", authorization: undefined }
      const byToken = refused(check(request(good)))
      assert.strictEqual(byToken.status, 401)
      assert.strictEqual(byToken.headers["ratelimit-remaining"], "0")
      assert.strictEqual(
        byToken.headers["www-authenticate"],
        'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", scope="agents:read"'
      )
      const byRate = refused(check(request(good)))
      assert.strictEqual(byRate.status, 429)
      assert.deepInclude(headersOf(byRate), { ...cors, "retry-after": "61" })
      assert.strictEqual(refused(check(request(wrong))).status, 429)
    })
  )

  it.effect("counts a preflight", () =>
    Effect.gen(function* () {
      const check = admit({ rateLimiter: yield* makeRateLimiter(1) })
      const preflight = refused(check(request({ authorization: undefined }, { method: "OPTIONS" })))
      assert.strictEqual(preflight.status, 204)
      assert.deepInclude(headersOf(preflight), {
        ...cors,
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS"
      })
      assert.strictEqual(refused(check(request())).status, 429)
    })
  )

  it.effect("counts a token that is known by itself, any other by its address", () =>
    Effect.gen(function* () {
      const alice = accountOf("alice")
      const check = admit({ rateLimiter: yield* makeRateLimiter(2), isKnown: (account) => account === alice })
      const left = (token: string, remoteAddress: string) => {
        const { countedBy, headers } = admitted(check(request({ authorization: `Bearer ${token}` }, { remoteAddress })))
        return [countedBy, headers["ratelimit-remaining"]]
      }
      assert.deepStrictEqual(left("alice", "192.0.2.1"), [alice, "1"])
      assert.deepStrictEqual(left("alice", "192.0.2.2"), [alice, "0"])
      assert.deepStrictEqual(left("bob", "192.0.2.1"), ["192.0.2.1", "1"])
      assert.deepStrictEqual(left("carol", "192.0.2.1"), ["192.0.2.1", "0"])
      assert.strictEqual(refused(check(request({ authorization: "Bearer alice" }))).status, 429)
    })
  )

  it("uses the operator's key only when there is no Authorization header", () => {
    const check = admit({ anonymous: Option.some(operator) })
    for (const authorization of [undefined, "", "  "]) {
      assert.strictEqual(admitted(check(request({ authorization }))).by, operator)
    }
    for (const authorization of ["Bearer", "Bearer a b", "Basic YTpi", "alice"]) {
      assert.strictEqual(refused(check(request({ authorization }))).status, 401, authorization)
    }
    assert.isTrue(isToken(admitted(check(request())).by))
  })

  it("accepts any Host unless some are given", () => {
    admitted(admit({ hosts: undefined })(request({ host: "anything.example" })))
    assert.strictEqual(refused(admit()(request({ host: undefined }))).status, 403)
  })
})
