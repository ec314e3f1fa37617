import * as Layer from "effect/Layer"
import { AgentBuilder } from "./AgentBuilder.ts"
import { Agents } from "./Agents.ts"
import { Analytics } from "./Analytics.ts"
import { Billing } from "./Billing.ts"
import { Files } from "./Files.ts"
import { Runs } from "./Runs.ts"
import { Schedules } from "./Schedules.ts"
import { Spaces } from "./Spaces.ts"
import { Versions } from "./Versions.ts"

/** Every API service, over one client. */
export const services = Layer.mergeAll(
  Agents.Default,
  Runs.Default,
  Files.Default,
  Versions.Default,
  Schedules.Default,
  Billing.Default,
  Spaces.Default,
  Analytics.Default,
  AgentBuilder.Default
)

/** Every API service, as a requirement of an Effect. */
export type Services = Layer.Layer.Success<typeof services>
