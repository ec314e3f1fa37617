import * as Effect from "effect/Effect"
import { Agent, AgentPage, TotalCount } from "./schemas/Agent.ts"
import { rows, type AgentId, type SpaceId } from "./schemas/common.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

export interface AgentListQuery {
  readonly pageIndex: number
  readonly recordsPerPage: number
  readonly sortColumn?: string | undefined
  /** 0 ascending, 1 descending. */
  readonly sortOrder?: 0 | 1 | undefined
  readonly name?: string | undefined
  readonly status?: number | undefined
  readonly spaceId?: SpaceId | undefined
  readonly configType?: number | undefined
}

const AgentList = rows(Agent)

/** Agents: listing, reading, searching and counting. Every method fails with a SequentumError. */
export class Agents extends Effect.Service<Agents>()("sequentum/Agents", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    /** One page. Both paging parameters are always sent: without them the API returns everything. */
    const list = (query: AgentListQuery) => client.get(apiPath("agent")`/agent/all`, AgentPage, { query: { ...query } })

    const get = (agentId: AgentId) => client.get(apiPath("agent")`/agent/${agentId}`, Agent)

    /** Agents whose name or description contains `query`, ignoring case. */
    const search = (query: string, maxRecords?: number) =>
      client.get(apiPath("agent")`/agent/search`, AgentList, { query: { query, maxRecords } })

    /** Exact number of agents that match `query`. The path is inferred from `/agent/search`. */
    const searchCount = (query: string, includeArchived?: boolean) =>
      Effect.map(
        client.get(apiPath("agent")`/agent/search/count`, TotalCount, { query: { query, includeArchived } }),
        ({ totalCount }) => totalCount
      )

    /** Number of unarchived agents that are in no space. */
    const personalCount = () =>
      Effect.map(client.get(apiPath("agent")`/agent/personal/count`, TotalCount), ({ totalCount }) => totalCount)

    return { list, get, search, searchCount, personalCount } as const
  })
}) {}
