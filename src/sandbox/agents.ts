import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { flagText, maybe, read, wholeText } from "./input.ts"
import type { Route } from "./route.ts"
import { agentInPath, json } from "./route.ts"
import type { Agent, World } from "./state.ts"
import { iso, isoOrNull, latestRunOf } from "./state.ts"

/** State and time of an agent's last run; both null if it has never run. */
const lastActivity = (world: World, agent: Agent): { readonly status: number | null; readonly at: number | null } => {
  const run = latestRunOf(world, agent.id)
  return run === undefined
    ? { status: null, at: null }
    : { status: run.status, at: run.endedAt ?? run.startedAt ?? run.created }
}

/** An agent in the API's format. Source of the enums: docs.sequentum.com/api-reference/agents/list. */
export const agentView = (world: World, agent: Agent) => {
  const activity = lastActivity(world, agent)
  return {
    id: agent.id,
    name: agent.name,
    description: agent.description,
    documentation: agent.documentation,
    icon: null,
    image: null,
    inputParameters: agent.inputParameters,
    configType: agent.configType,
    proxyPoolId: agent.proxyPoolId,
    spaceId: agent.spaceId,
    startUrl: agent.startUrl,
    status: activity.status,
    userId: agent.userId,
    validationStatus: agent.validationStatus,
    version: agent.versions.at(-1)?.version ?? 1,
    isActive: !agent.archived,
    created: iso(agent.created),
    updated: iso(agent.updated),
    lastActivity: isoOrNull(activity.at),
    agentTemplates: null,
    ...agent.extra
  }
}

type AgentView = ReturnType<typeof agentView>

export const unarchived = (world: World): ReadonlyArray<Agent> =>
  [...world.agents.values()].filter((agent) => !agent.archived)

const contains = (text: string | null, part: string): boolean =>
  text?.toLowerCase().includes(part.toLowerCase()) ?? false

const ListQuery = Schema.Struct({
  pageIndex: maybe(wholeText(1)),
  recordsPerPage: maybe(wholeText(1)),
  sortColumn: maybe(
    Schema.Lowercase.pipe(
      Schema.compose(Schema.Literal("name", "lastactivity", "created", "updated", "status", "configtype"))
    )
  ),
  sortOrder: maybe(wholeText(0, 1)),
  name: maybe(Schema.String),
  status: maybe(wholeText(0)),
  spaceId: maybe(wholeText(0)),
  configType: maybe(wholeText(1, 4))
})

const sortKey = {
  name: (agent: AgentView) => agent.name.toLowerCase(),
  lastactivity: (agent: AgentView) => agent.lastActivity ?? "",
  created: (agent: AgentView) => agent.created,
  updated: (agent: AgentView) => agent.updated,
  status: (agent: AgentView) => agent.status ?? -1,
  configtype: (agent: AgentView) => agent.configType
} as const

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

const matching = (agents: ReadonlyArray<Agent>, query: string): ReadonlyArray<Agent> =>
  agents.filter((agent) => contains(agent.name, query) || contains(agent.description, query))

const query = Schema.String.pipe(Schema.filter((text) => text.trim() !== "", { message: () => "must not be empty" }))

const SearchQuery = Schema.Struct({ query, maxRecords: maybe(wholeText(1, 1000)) })

const CountQuery = Schema.Struct({ query, includeArchived: maybe(flagText) })

/** List, search, count and read agents. Lists omit archived agents, but these can be read by id. */
export const agentRoutes: ReadonlyArray<Route> = [
  {
    // docs.sequentum.com/api-reference/agents/list: a plain array unless the query has both paging parameters.
    method: "GET",
    path: "/agent/all",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const filters = yield* read(ListQuery, query)
        const key = sortKey[filters.sortColumn ?? "name"]
        const direction = filters.sortOrder === 1 ? -1 : 1
        const agents = unarchived(world)
          .filter((agent) => typeof filters.name !== "string" || contains(agent.name, filters.name))
          .filter((agent) => typeof filters.spaceId !== "number" || agent.spaceId === filters.spaceId)
          .filter((agent) => typeof filters.configType !== "number" || agent.configType === filters.configType)
          .map((agent) => agentView(world, agent))
          .filter((agent) => typeof filters.status !== "number" || agent.status === filters.status)
          .sort((a, b) => direction * compare(key(a), key(b)) || a.id - b.id)
        if (typeof filters.pageIndex !== "number" || typeof filters.recordsPerPage !== "number") return json(agents)
        const from = (filters.pageIndex - 1) * filters.recordsPerPage
        return json({ agents: agents.slice(from, from + filters.recordsPerPage), totalRecordCount: agents.length })
      })
  },
  {
    method: "GET",
    path: "/agent/search",
    handle: ({ query, world }) =>
      Effect.map(read(SearchQuery, query), (filters) =>
        json(
          matching(unarchived(world), filters.query)
            .slice(0, filters.maxRecords ?? 50)
            .map((agent) => agentView(world, agent))
        )
      )
  },
  {
    method: "GET",
    path: "/agent/search/count",
    handle: ({ query, world }) =>
      Effect.map(read(CountQuery, query), (filters) =>
        json({
          totalCount: matching(
            filters.includeArchived === true ? [...world.agents.values()] : unarchived(world),
            filters.query
          ).length
        })
      )
  },
  {
    method: "GET",
    path: "/agent/personal/count",
    handle: ({ world }) =>
      Effect.succeed(json({ totalCount: unarchived(world).filter((agent) => agent.spaceId === null).length }))
  },
  {
    method: "GET",
    path: "/agent/:agentId",
    handle: (call) => Effect.map(agentInPath(call), (agent) => json(agentView(call.world, agent)))
  }
]
