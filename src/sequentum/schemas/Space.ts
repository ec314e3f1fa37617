import * as Schema from "effect/Schema"
import { ConfigType, ValidationStatus } from "./Agent.ts"
import { AgentId, Int, maybe, rows, RunId, SpaceId, Timestamp } from "./common.ts"
import { Lines, Name } from "./text.ts"
import { RunStatus } from "./Run.ts"

/** A folder of agents and input files. */
export const Space = Schema.Struct({
  id: SpaceId,
  name: maybe(Name),
  description: maybe(Lines),
  organizationId: maybe(Int),
  created: maybe(Timestamp),
  isDefaultAccess: maybe(Schema.Boolean)
})
export type Space = typeof Space.Type

export const SpaceAgent = Schema.Struct({
  id: maybe(AgentId),
  name: maybe(Name),
  description: maybe(Lines),
  configType: maybe(ConfigType),
  spaceId: maybe(SpaceId),
  status: maybe(RunStatus),
  validationStatus: maybe(ValidationStatus),
  version: maybe(Int),
  lastActivity: maybe(Timestamp)
})
export type SpaceAgent = typeof SpaceAgent.Type

/** The outcome for each agent when a whole space was started; some may fail while others run. */
export const SpaceRun = Schema.Struct({
  spaceId: maybe(SpaceId),
  spaceName: maybe(Name),
  totalAgents: maybe(Int),
  agentsStarted: maybe(Int),
  agentsFailed: maybe(Int),
  results: rows(
    Schema.Struct({
      agentId: maybe(AgentId),
      agentName: maybe(Name),
      success: Schema.Boolean,
      runId: maybe(RunId),
      errorMessage: maybe(Lines)
    })
  )
})
export type SpaceRun = typeof SpaceRun.Type
