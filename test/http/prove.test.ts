import { assert, describe, it } from "@effect/vitest"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { CheckedRequest } from "../../src/http/admission/admit.ts"
import { makeProve, type ProveOptions } from "../../src/http/admission/prove.ts"
import { makeRateLimiter } from "../../src/http/admission/rateLimit.ts"
import type { Proof } from "../../src/http/admission/TokenProof.ts"
import { everything } from "../../src/tools/selection.ts"
import { aliceCredentials } from "./stages.ts"

const checkedRequest = (given: Partial<CheckedRequest> = {}, method = "POST"): CheckedRequest => ({
  head: { method, headers: Headers.fromInput({ "x-mcp-tools": "list_agents" }), remoteAddress: Option.none() },
  by: { token: "alice", account: "hash of alice", address: "192.0.2.1" },
  countedBy: "192.0.2.1",
  addresses: { publicUrl: "https://mcp.example.com", issuer: "https://sequentum.example", scopes: ["agents:read"] },
  cors: { vary: "Origin" },
  headers: { vary: "Origin", "ratelimit-remaining": "7" },
  ...given
})

const proveAs = (proof: Proof, options: Partial<ProveOptions> = {}) =>
  makeProve({
    rateLimiter: undefined,
    proof: { isKnown: () => false, prove: () => Effect.succeed(proof) },
    selection: everything,
    ...options
  })

type Outcome = Effect.Effect.Success<ReturnType<ReturnType<typeof makeProve>>>

const refused = (outcome: Outcome) =>
  HttpServerResponse.isServerResponse(outcome) ? outcome : assert.fail("The request was admitted")

const admitted = (outcome: Outcome) =>
  HttpServerResponse.isServerResponse(outcome) ? assert.fail(`Refused: ${outcome.status}`) : outcome

const proven: Proof = { _tag: "Proven", scopes: ["runs:read"], subject: undefined }

describe("prove", () => {
  it.effect("makes the caller of a proven token, who has an account, scopes and a selection", () =>
    Effect.gen(function* () {
      const { account, addresses, caller, headers } = admitted(yield* proveAs(proven)(checkedRequest()))
      assert.strictEqual(caller.credentials.scheme, "Bearer")
      assert.strictEqual(Redacted.value(caller.credentials.secret), "alice")
      assert.strictEqual(caller.credentials.account, "hash of alice")
      assert.deepStrictEqual(caller.scopes, ["runs:read"])
      assert.deepStrictEqual(account, Option.some("hash of alice"))
      assert.strictEqual(addresses.publicUrl, "https://mcp.example.com")
      assert.deepStrictEqual(headers, { vary: "Origin", "ratelimit-remaining": "7" })
      const tool = { toolset: "agents", annotations: { readOnlyHint: true } }
      assert.isTrue(caller.selection({ ...tool, name: "list_agents" }))
      assert.isFalse(caller.selection({ ...tool, name: "get_agent" }))
    })
  )

  it.effect("keeps no account for a token that is not proven, and assumes the operator's scopes", () =>
    Effect.gen(function* () {
      const { caller } = admitted(yield* proveAs({ _tag: "Open" })(checkedRequest()))
      assert.isUndefined(caller.credentials.account)
      assert.deepStrictEqual(caller.scopes, ["agents:read"])
    })
  )

  it.effect("lets the caller without a token pass", () =>
    Effect.gen(function* () {
      const { account, caller } = admitted(
        yield* proveAs({ _tag: "Refused" })(checkedRequest({ by: aliceCredentials }))
      )
      assert.strictEqual(caller.credentials, aliceCredentials)
      assert.isTrue(Option.isNone(account))
    })
  )

  it.effect("refuses by the first check that fails: token, method, selection", () =>
    Effect.gen(function* () {
      const wrong = checkedRequest(
        {
          head: { ...checkedRequest().head, method: "PUT", headers: Headers.fromInput({ "x-mcp-tools": "nonsense" }) }
        },
        "PUT"
      )
      const byToken = refused(yield* proveAs({ _tag: "Refused" })(wrong))
      assert.strictEqual(byToken.status, 401)
      assert.match(byToken.headers["www-authenticate"] ?? "", /^Bearer error="invalid_token", /u)
      assert.propertyVal(byToken.headers, "ratelimit-remaining", "7")
      const byMethod = refused(yield* proveAs(proven)(wrong))
      assert.deepStrictEqual([byMethod.status, byMethod.headers["allow"]], [405, "POST"])
      const bySelection = refused(yield* proveAs(proven)({ ...wrong, head: { ...wrong.head, method: "POST" } }))
      assert.strictEqual(bySelection.status, 400)
      const tooMany = refused(yield* proveAs({ _tag: "TooMany", retryAfterSeconds: 12 })(wrong))
      assert.deepStrictEqual([tooMany.status, tooMany.headers["retry-after"]], [429, "12"])
    })
  )

  it.effect("counts a token by itself once it is proven, and not twice", () =>
    Effect.gen(function* () {
      const rateLimiter = yield* makeRateLimiter(1)
      const prove = proveAs(proven, { rateLimiter })
      const first = admitted(yield* prove(checkedRequest()))
      assert.propertyVal(first.headers, "ratelimit-remaining", "0")
      assert.strictEqual(refused(yield* prove(checkedRequest())).status, 429)
      admitted(yield* prove(checkedRequest({ countedBy: "hash of alice" })))
    })
  )
})
