import * as Schema from "effect/Schema"
import { ConfigType, ValidationStatus } from "./Agent.ts"
import { AgentId, maybe, maybeFlag, maybeInt, maybeText, maybeTimestamp, RunId, SpaceId } from "./common.ts"
import { RunStatus } from "./Run.ts"

/** A folder of agents and input files. */
export const Space = Schema.Struct({
  id: SpaceId,
  name: maybeText,
  description: maybeText,
  organizationId: maybeInt,
  created: maybeTimestamp,
  isDefaultAccess: maybeFlag
})
export type Space = typeof Space.Type

export const SpaceAgent = Schema.Struct({
  id: maybe(AgentId),
  name: maybeText,
  description: maybeText,
  configType: maybe(ConfigType),
  spaceId: maybe(SpaceId),
  status: maybe(RunStatus),
  validationStatus: maybe(ValidationStatus),
  version: maybeInt,
  lastActivity: maybeTimestamp
})
export type SpaceAgent = typeof SpaceAgent.Type

/** What became of each agent when a whole space was started; some may fail while others run. */
export const SpaceRun = Schema.Struct({
  spaceId: maybe(SpaceId),
  spaceName: maybeText,
  totalAgents: maybeInt,
  agentsStarted: maybeInt,
  agentsFailed: maybeInt,
  results: Schema.Array(
    Schema.Struct({
      agentId: maybe(AgentId),
      agentName: maybeText,
      success: Schema.Boolean,
      runId: maybe(RunId),
      errorMessage: maybeText
    })
  )
})
export type SpaceRun = typeof SpaceRun.Type
