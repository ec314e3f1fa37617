import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TotalCount } from "./schemas/Agent.ts"
import type { SpaceId } from "./schemas/common.ts"
import { Space, SpaceAgent, SpaceRun } from "./schemas/Space.ts"
import { apiPath, SequentumClient } from "./SequentumClient.ts"

/** Spaces and the agents in them. Every method fails with a SequentumError. */
export class Spaces extends Effect.Service<Spaces>()("sequentum/Spaces", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const list = Effect.fn("Spaces.list")(function* () {
      return yield* client.get("/spaces", Schema.Array(Space))
    })

    const get = Effect.fn("Spaces.get")(function* (spaceId: SpaceId) {
      return yield* client.get(apiPath`/spaces/${spaceId}`, Space)
    })

    /** The space of that name, in any case. */
    const searchByName = Effect.fn("Spaces.searchByName")(function* (name: string) {
      return yield* client.get("/spaces/search", Space, { query: { name } })
    })

    const agents = Effect.fn("Spaces.agents")(function* (spaceId: SpaceId) {
      return yield* client.get(apiPath`/spaces/${spaceId}/agents`, Schema.Array(SpaceAgent))
    })

    /** Exact number of unarchived agents. */
    const agentCount = Effect.fn("Spaces.agentCount")(function* (spaceId: SpaceId) {
      const { totalCount } = yield* client.get(apiPath`/spaces/${spaceId}/agents/count`, TotalCount)
      return totalCount
    })

    /** Starts every agent of a space; succeeds also when some could not be started. */
    const runAll = Effect.fn("Spaces.runAll")(function* (spaceId: SpaceId, inputParameters?: string) {
      return yield* client.post(apiPath`/spaces/${spaceId}/run-all`, SpaceRun, { body: { inputParameters } })
    })

    return { list, get, searchByName, agents, agentCount, runAll } as const
  })
}) {}
