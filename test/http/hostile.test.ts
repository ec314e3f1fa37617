import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { initialize, legacyBody, modern, post } from "../support/endpoint.ts"
import { program } from "../support/httpProgram.ts"

/** An `initialize` request with 70,000 capabilities: 829 kB. */
const hostile = legacyBody("initialize", {
  protocolVersion: "2025-11-25",
  capabilities: Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [String(index).padStart(6, "c"), 1])),
  clientInfo: { name: "t", version: "1" }
})

const statusOf = (response: Response) =>
  Effect.promise(async () => {
    await response.text()
    return response.status
  })

describe("the built program with little memory", () => {
  it.scopedLive("survives wide initialize requests, and answers ordinary ones", () =>
    Effect.gen(function* () {
      const { child, mcp } = yield* program(["--sandbox"], {
        NODE_OPTIONS: "--max-old-space-size=96",
        RATE_LIMIT_PER_MINUTE: "0"
      })
      const send = (body: string, times: number) =>
        Effect.forEach(Array.from({ length: times }), () => Effect.flatMap(post(mcp, body), statusOf), {
          concurrency: 8
        })
      assert.deepStrictEqual(new Set(yield* send(hostile, 200)), new Set([413]))
      const quiet = yield* Effect.forEach(
        Array.from({ length: 500 }),
        () => Effect.flatMap(initialize(mcp), statusOf),
        {
          concurrency: 8
        }
      )
      assert.deepStrictEqual(new Set(quiet), new Set([200]))
      assert.strictEqual(yield* Effect.flatMap(modern(mcp, "tools/list", {}), statusOf), 200)
      assert.isNull(child.exitCode)
    })
  )
})
