import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { signIn } from "../../src/login/signIn.ts"
import { serve } from "../../src/sandbox/server.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sign-in-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe.skipIf(process.platform !== "linux")("a sign-in that nobody finishes", () => {
  it.scoped("ends after five minutes, and listens no longer", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const shown = yield* Deferred.make<URL>()
      const variables = new Map([["XDG_STATE_HOME", yield* folder]])
      const ending = yield* signIn({
        http: NodeHttpClient.layer,
        apiUrl: new URL(url),
        clientDocument: Option.none(),
        show: (address) => Deferred.succeed(shown, address)
      }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(variables)), Effect.flip, Effect.fork)
      const redirect = (yield* Deferred.await(shown)).searchParams.get("redirect_uri") ?? ""
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual((yield* Effect.promise(() => fetch(redirect))).status, 400)
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(ending), { _tag: "NotFinished", minutes: 5 })
      assert.strictEqual(yield* Effect.promise(() => fetch(redirect).catch(() => "closed")), "closed")
    })
  )
})
