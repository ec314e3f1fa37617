import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, rows, SpaceId, Timestamp, wireEnum, type Rows } from "./common.ts"
import { JsonObject, Lines, Name } from "./text.ts"
import { RunStatus } from "./Run.ts"

/** What kind of configuration an agent is. Source: docs.sequentum.com/api-reference/agents/list. */
export const ConfigType = wireEnum({ 1: "Agent", 2: "SharedFile", 3: "Template", 4: "Command" })

export const ValidationStatus = wireEnum({ 1: "Unknown", 2: "Invalid", 3: "Valid" })

/** A web-scraping agent. Source: docs.sequentum.com/api-reference/agents/list. */
export const Agent = Schema.Struct({
  id: maybe(AgentId),
  name: maybe(Name),
  description: maybe(Lines),
  documentation: maybe(Lines),
  /** Parameter name to its default. */
  inputParameters: maybe(JsonObject),
  configType: maybe(ConfigType),
  proxyPoolId: maybe(Int),
  /** Absent for a personal agent, which is in no space. */
  spaceId: maybe(SpaceId),
  startUrl: maybe(Name),
  /** State of the latest run; absent if it never ran. */
  status: maybe(RunStatus),
  userId: maybe(Int),
  validationStatus: maybe(ValidationStatus),
  version: maybe(Int),
  isActive: maybe(Schema.Boolean),
  created: maybe(Timestamp),
  updated: maybe(Timestamp),
  lastActivity: maybe(Timestamp),
  agentTemplates: maybe(Name)
})
export type Agent = typeof Agent.Type

const Paged = Schema.Union(
  Schema.Struct({ agents: rows(Agent), totalRecordCount: maybe(Int) }),
  Schema.Struct({ items: rows(Agent), totalRecordCount: maybe(Int) }),
  rows(Agent)
)

export interface AgentPage {
  readonly agents: Rows<Agent>
  readonly totalRecordCount?: number | undefined
}

// The agents were checked as part of `Paged`; a Struct here would check them again.
const Page = Schema.declare(
  (page): page is AgentPage => Predicate.hasProperty(page, "agents") && Array.isArray(page.agents)
)

/** One page of agents. The documentation shows three shapes: `agents`, `items` and a bare array. */
export const AgentPage = Schema.transform(Paged, Page, {
  strict: true,
  decode: (page) =>
    "agents" in page
      ? page
      : "items" in page
        ? { agents: page.items, totalRecordCount: page.totalRecordCount }
        : { agents: page },
  encode: (page) => page
})

/** An exact count. */
export const TotalCount = Schema.Struct({ totalCount: Int })
