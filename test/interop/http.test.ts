import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { endpoint } from "../support/endpoint.ts"
import { clients, connected, v1, v2Modern } from "../support/speakers.ts"
import { mainJob, outcome, startBooks } from "./story.ts"

describe("over HTTP", () => {
  for (const [who, connect] of clients) {
    it.scopedLive(`${who} does the main job`, () =>
      Effect.gen(function* () {
        const { mcp } = yield* endpoint()
        const speaker = yield* connected(connect, { url: mcp, token: "alice" })
        yield* mainJob(speaker)
      })
    )
  }

  it.scopedLive("clients of both eras work at the same time and never see each other's data", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const alice = yield* connected(v1, { url: mcp, token: "alice" })
      const bob = yield* connected(v2Modern, { url: mcp, token: "bob" })
      const [ofAlice, ofBob] = yield* Effect.all([mainJob(alice), mainJob(bob)], { concurrency: 2 })
      const extra = yield* startBooks(alice)
      assert.strictEqual(ofAlice.agentId, ofBob.agentId)
      assert.isUndefined((yield* outcome(alice, "get_run_status", extra)).isError)
      const seenByBob = yield* outcome(bob, "get_run_status", extra)
      assert.isTrue(seenByBob.isError)
      assert.match(seenByBob.content[0]?.text ?? "", /404/u)
    })
  )

  it.scopedLive("a client that ends its session can go on", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const speaker = yield* connected(v1, { url: mcp, token: "alice" })
      yield* Effect.promise(() => speaker.endSession())
      assert.isAtLeast((yield* Effect.promise(() => speaker.listTools())).tools.length, 1)
    })
  )

  for (const [who, connect] of clients) {
    it.scopedLive(`${who} cancels a wait and stays usable`, () =>
      Effect.gen(function* () {
        const { mcp } = yield* endpoint({}, 1)
        const speaker = yield* connected(connect, { url: mcp, token: "alice" })
        const ids = yield* startBooks(speaker)
        const controller = new AbortController()
        const waiting = speaker.callTool(
          "wait_for_run",
          { ...ids, timeoutSeconds: 45 },
          { onprogress: () => controller.abort(), signal: controller.signal }
        )
        assert.isTrue(Either.isLeft(yield* Effect.either(Effect.tryPromise(() => waiting))))
        assert.notStrictEqual((yield* outcome(speaker, "get_run_status", ids)).isError, true)
      })
    )
  }
})
