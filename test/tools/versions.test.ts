import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { AgentId } from "../../src/sequentum/schemas/common.ts"
import { callOver } from "../support/fakes.ts"

describe("get_agent_versions", () => {
  it.effect("keeps the order of Sequentum and shows only the fields it has", () =>
    Effect.gen(function* () {
      const list = () => Effect.succeed([{ version: 4, comments: "New menu" }, { version: 3 }])
      assert.deepStrictEqual(yield* callOver({ versions: { list } }, "get_agent_versions", { agentId: 7 }), {
        versions: [{ version: 4, comments: "New menu" }, { version: 3 }]
      })
    })
  )
})

describe("restore_agent_version", () => {
  it.effect("restores the version that is named, once", () =>
    Effect.gen(function* () {
      const restored: Array<unknown> = []
      const restore = (agentId: AgentId, version: number, comments: string) =>
        Effect.sync(() => void restored.push([agentId, version, comments]))
      yield* callOver({ versions: { restore } }, "restore_agent_version", {
        agentId: 7,
        versionNumber: 3,
        comments: "Back"
      })
      assert.deepStrictEqual(restored, [[7, 3, "Back"]])
    })
  )
})
