import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { monotonicMillis } from "../runtime/monotonic.ts"
import { makeMemory } from "../runtime/memory.ts"
import { makePerCaller } from "../runtime/perCaller.ts"
import { Credentials } from "./Credentials.ts"
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

/** How long the names of an agent's inputs are known after it was read. */
const knownFor = Duration.toMillis(Duration.minutes(1))

/** For how many agents of a caller they are known at the same time. */
const maxKnown = 200

/** The input names that an agent lists, and when it was read, in milliseconds of monotonic time. */
interface Inputs {
  readonly at: number
  readonly names: ReadonlyArray<string>
}

/** Agents: listing, reading, searching and counting. Every method fails with a SequentumError. */
export class Agents extends Effect.Service<Agents>()("sequentum/Agents", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    /** One page. Both paging parameters are always sent: without them the API returns everything. */
    const list = (query: AgentListQuery) => client.get(apiPath("agent")`/agent/all`, AgentPage, { query: { ...query } })

    const inputsOf = makePerCaller(() => makeMemory<Inputs, AgentId>(maxKnown))

    const known = Effect.map(Credentials, (caller) => inputsOf(caller.account ?? caller))

    const get = (agentId: AgentId) =>
      Effect.tap(client.get(apiPath("agent")`/agent/${agentId}`, Agent), ({ inputParameters = {} }) =>
        Effect.zipWith(known, Effect.clock, (inputs, clock) => {
          inputs.set(agentId, { at: monotonicMillis(clock), names: Object.keys(inputParameters) })
        })
      )

    /** The names of an agent's inputs. Costs no request if the caller has read the agent within the last minute. */
    const inputNames = (agentId: AgentId) =>
      Effect.flatMap(Effect.zip(known, Effect.clock), ([inputs, clock]) => {
        const read = inputs.get(agentId)
        return read !== undefined && monotonicMillis(clock) - read.at <= knownFor
          ? Effect.succeed(read.names)
          : Effect.map(get(agentId), ({ inputParameters = {} }) => Object.keys(inputParameters))
      })

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

    return { list, get, inputNames, search, searchCount, personalCount } as const
  })
}) {}
