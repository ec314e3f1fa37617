import { assert, describe, it } from "@effect/vitest"
import { Caller, callerOf } from "../../src/http/admission/Caller.ts"
import { everything } from "../../src/tools/selection.ts"
import { aliceCredentials } from "./stages.ts"

const caller = () => new Caller(aliceCredentials, everything, 0)

describe("Caller", () => {
  it("keeps the first challenge", () => {
    const alice = caller()
    assert.isUndefined(alice.challenge)
    alice.recordChallenge({ status: 403, scope: "runs:read" })
    alice.recordChallenge({ status: 401, reason: "invalid" })
    assert.deepStrictEqual(alice.challenge, { status: 403, scope: "runs:read" })
  })

  it("is found by what it gave the SDK, which has no token in it", () => {
    const alice = caller()
    const { authInfo } = alice
    assert.strictEqual(callerOf({ http: { authInfo } }), alice)
    assert.strictEqual(authInfo.token, "")
    assert.notInclude(JSON.stringify(authInfo), "alice")
  })

  it("is absent without one, or with something else in its place", () => {
    const { challenge, credentials, selection } = caller()
    assert.isUndefined(callerOf({}))
    assert.isUndefined(callerOf({ http: {} }))
    const authInfo = { token: "", clientId: "", scopes: [] }
    assert.isUndefined(callerOf({ http: { authInfo } }))
    assert.isUndefined(
      callerOf({ http: { authInfo: { ...authInfo, extra: { caller: { challenge, credentials, selection } } } } })
    )
  })
})
