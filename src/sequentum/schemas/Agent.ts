import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import {
  AgentId,
  Int,
  maybe,
  maybeEnum,
  maybeFlag,
  maybeId,
  maybeInt,
  maybeText,
  maybeTimestamp,
  SpaceId,
  wireEnum
} from "./common.ts"
import { runStatusWords } from "./Run.ts"

/** What kind of configuration an agent is. Integers from docs.sequentum.com/api-reference/agents/list. */
export const configTypeWords = { 1: "Agent", 2: "SharedFile", 3: "Template", 4: "Command" } as const

export const ValidationStatus = wireEnum({ 1: "Unknown", 2: "Invalid", 3: "Valid" })

/** A web-scraping agent. Source: docs.sequentum.com/api-reference/agents/list. */
export const Agent = Schema.Struct({
  id: maybeId(AgentId),
  name: maybeText,
  description: maybeText,
  documentation: maybeText,
  /** Parameter name to its default. */
  inputParameters: maybe(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  configType: maybeEnum(configTypeWords),
  proxyPoolId: maybeInt,
  /** Absent for a personal agent, which is in no space. */
  spaceId: maybeId(SpaceId),
  startUrl: maybeText,
  /** State of the latest run; absent when it never ran. */
  status: maybeEnum(runStatusWords),
  userId: maybeInt,
  validationStatus: maybe(ValidationStatus),
  version: maybeInt,
  isActive: maybeFlag,
  created: maybeTimestamp,
  updated: maybeTimestamp,
  lastActivity: maybeTimestamp,
  agentTemplates: maybeText
})
export type Agent = typeof Agent.Type

const Paged = Schema.Union(
  Schema.Struct({ agents: Schema.Array(Agent), totalRecordCount: maybeInt }),
  Schema.Struct({ items: Schema.Array(Agent), totalRecordCount: maybeInt }),
  Schema.Array(Agent)
)

export interface AgentPage {
  readonly agents: ReadonlyArray<Agent>
  readonly totalRecordCount?: number | undefined
}

// What the transformation makes of checked agents need not be checked once more.
const Page = Schema.declare(
  (page): page is AgentPage => Predicate.hasProperty(page, "agents") && Array.isArray(page.agents)
)

/** One page of agents. The documents show three shapes (`agents`, `items`, a bare array); all read alike. */
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
