import * as Effect from "effect/Effect"
import { TotalCount } from "./schemas/Agent.ts"
import { rows, type SpaceId } from "./schemas/common.ts"
import { Space, SpaceAgent, SpaceRun } from "./schemas/Space.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

const SpaceList = rows(Space)
const SpaceAgents = rows(SpaceAgent)

/** Spaces and the agents in them. Every method fails with a SequentumError. */
export class Spaces extends Effect.Service<Spaces>()("sequentum/Spaces", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const list = () => client.get(apiPath("space")`/spaces`, SpaceList)

    const get = (spaceId: SpaceId) => client.get(apiPath("space")`/spaces/${spaceId}`, Space)

    /** The space of that name, ignoring case. */
    const searchByName = (name: string) => client.get(apiPath("space")`/spaces/search`, Space, { query: { name } })

    const agents = (spaceId: SpaceId) => client.get(apiPath("space")`/spaces/${spaceId}/agents`, SpaceAgents)

    /** Exact number of unarchived agents. */
    const agentCount = (spaceId: SpaceId) =>
      Effect.map(
        client.get(apiPath("space")`/spaces/${spaceId}/agents/count`, TotalCount),
        ({ totalCount }) => totalCount
      )

    /** Starts every agent of a space. Succeeds even if some could not be started. */
    const runAll = (spaceId: SpaceId, inputParameters?: string) =>
      client.post(apiPath("space")`/spaces/${spaceId}/run-all`, SpaceRun, { body: { inputParameters } })

    return { list, get, searchByName, agents, agentCount, runAll } as const
  })
}) {}
