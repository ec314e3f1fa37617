import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type { AdmittedRequest } from "../../src/http/admission/admit.ts"
import { Caller } from "../../src/http/admission/Caller.ts"
import type { Exchange } from "../../src/http/delivery/exchange.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { everything } from "../../src/tools/selection.ts"

export const aliceCredentials = Credentials.of({ scheme: "Bearer", secret: Redacted.make("alice") })

/** A request of alice as admission would pass it on. `headers` are those of the response. */
export const admittedRequest = (headers: Readonly<Record<string, string>> = {}): AdmittedRequest => ({
  caller: new Caller(aliceCredentials, everything, 0),
  account: Option.some("hash of alice"),
  addresses: { publicUrl: "https://mcp.example.com", issuer: "https://sequentum.example", scopes: ["agents:read"] },
  headers
})

/** An exchange without a connection. It ends when the test ends it, or with the scope. */
export const makeExchange = Effect.gen(function* () {
  const scope = yield* Scope.make()
  let callbacks: Array<() => void> | undefined = []
  const exchange: Exchange = {
    onEnd: (callback) => {
      if (callbacks === undefined) callback()
      else callbacks.push(callback)
    },
    scope: Effect.succeed(scope),
    isFirstInPipeline: () => true,
    disconnect: () => undefined
  }
  const end = Effect.suspend(() => {
    const pending = callbacks ?? []
    callbacks = undefined
    for (const callback of pending) callback()
    return Scope.close(scope, Exit.void)
  })
  yield* Effect.addFinalizer(() => end)
  return { exchange, end } as const
})
