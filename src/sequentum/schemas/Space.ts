import * as Schema from "effect/Schema"
import { ValidationStatus, configTypeWords } from "./Agent.ts"
import {
  AgentId,
  maybe,
  maybeEnum,
  maybeFlag,
  maybeId,
  maybeInt,
  maybeText,
  maybeTimestamp,
  RunId,
  SpaceId
} from "./common.ts"
import { runStatusWords } from "./Run.ts"

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
  id: maybeId(AgentId),
  name: maybeText,
  description: maybeText,
  configType: maybeEnum(configTypeWords),
  spaceId: maybeId(SpaceId),
  status: maybeEnum(runStatusWords),
  validationStatus: maybe(ValidationStatus),
  version: maybeInt,
  lastActivity: maybeTimestamp
})
export type SpaceAgent = typeof SpaceAgent.Type

/** What became of each agent when a whole space was started; some may fail while others run. */
export const SpaceRun = Schema.Struct({
  spaceId: maybeId(SpaceId),
  spaceName: maybeText,
  totalAgents: maybeInt,
  agentsStarted: maybeInt,
  agentsFailed: maybeInt,
  results: Schema.Array(
    Schema.Struct({
      agentId: maybeId(AgentId),
      agentName: maybeText,
      success: Schema.Boolean,
      runId: maybeId(RunId),
      errorMessage: maybeText
    })
  )
})
export type SpaceRun = typeof SpaceRun.Type
