import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Catalogue } from "../registry.ts"
import { AgentTools, AgentToolsLive } from "./agents.ts"
import { AnalyticsTools, AnalyticsToolsLive } from "./analytics.ts"
import { BillingTools, BillingToolsLive } from "./billing.ts"
import { BuilderTools, BuilderToolsLive } from "./builder.ts"
import { FileTools, FileToolsLive } from "./files.ts"
import { RunTools, RunToolsLive } from "./runs.ts"
import { ScheduleTools, ScheduleToolsLive } from "./schedules.ts"
import { SpaceTools, SpaceToolsLive } from "./spaces.ts"
import { VersionTools, VersionToolsLive } from "./versions.ts"

/** Every toolset, in the order in which they are listed. */
export const toolsets = [
  AgentTools,
  RunTools,
  FileTools,
  VersionTools,
  ScheduleTools,
  BillingTools,
  SpaceTools,
  AnalyticsTools,
  BuilderTools
] as const

/** Every tool, in the order in which they are listed. */
export const allTools = toolsets.flatMap(({ tools }) => tools)

/** The handlers of every tool. Needs the API services. */
export const ToolsLive = Layer.mergeAll(
  AgentToolsLive,
  RunToolsLive,
  FileToolsLive,
  VersionToolsLive,
  ScheduleToolsLive,
  BillingToolsLive,
  SpaceToolsLive,
  AnalyticsToolsLive,
  BuilderToolsLive
)

/** Every tool and how to call it. */
export const catalogue = {
  tools: allTools,
  calls: Effect.map(
    Effect.all(toolsets.map(({ calls }) => calls)),
    (calls) => new Map(calls.flatMap((ofToolset) => [...ofToolset]))
  )
} satisfies Catalogue<Layer.Layer.Success<typeof ToolsLive>>
