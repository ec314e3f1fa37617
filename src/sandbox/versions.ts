import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { notFound } from "./errors.ts"
import { maybe, read } from "./input.ts"
import type { Route } from "./route.ts"
import { agentInPath, empty, json, pathId } from "./route.ts"
import { iso } from "./state.ts"

const RestoreBody = Schema.Struct({ content: maybe(Schema.String) })

/** Versions of an agent. A restore adds a new version and does not affect runs. */
export const versionRoutes: ReadonlyArray<Route> = [
  {
    method: "GET",
    path: "/agent/:agentId/versions",
    handle: (call) =>
      Effect.map(agentInPath(call), (agent) =>
        json(agent.versions.map((version) => ({ ...version, created: iso(version.created) })).reverse())
      )
  },
  {
    method: "POST",
    path: "/agent/:agentId/version/:versionNumber/restore",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const number = yield* pathId(call, "versionNumber")
        const { content } = yield* read(RestoreBody, call.body)
        const restored = agent.versions.find(({ version }) => version === number)
        if (restored === undefined) return yield* notFound("Version", number)
        agent.versions.push({
          ...restored,
          version: (agent.versions.at(-1)?.version ?? 0) + 1,
          userName: "API",
          created: call.world.now,
          comments: content ?? null
        })
        agent.updated = call.world.now
        return empty()
      })
  }
]
