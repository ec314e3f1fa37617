import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AgentBuilder } from "../../src/sequentum/AgentBuilder.ts"
import { Agents } from "../../src/sequentum/Agents.ts"
import { Analytics } from "../../src/sequentum/Analytics.ts"
import { Billing } from "../../src/sequentum/Billing.ts"
import { Files } from "../../src/sequentum/Files.ts"
import { Runs } from "../../src/sequentum/Runs.ts"
import { Schedules } from "../../src/sequentum/Schedules.ts"
import { Spaces } from "../../src/sequentum/Spaces.ts"
import { Versions } from "../../src/sequentum/Versions.ts"
import { catalogue, ToolsLive } from "../../src/tools/catalog/all.ts"
import { StartLimit } from "../../src/tools/catalog/StartLimit.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { dataLayer } from "./data.ts"
import { calling } from "./tools.ts"

/** Methods of the API services by service. A call of any other method is a defect. */
export interface Fakes {
  readonly agents?: Partial<Agents>
  readonly runs?: Partial<Runs>
  readonly files?: Partial<Files>
  readonly versions?: Partial<Versions>
  readonly schedules?: Partial<Schedules>
  readonly billing?: Partial<Billing>
  readonly spaces?: Partial<Spaces>
  readonly analytics?: Partial<Analytics>
  readonly builder?: Partial<AgentBuilder>
}

const services = (fakes: Fakes) =>
  Layer.mergeAll(
    Layer.mock(Agents, { _tag: "sequentum/Agents", ...fakes.agents }),
    Layer.mock(Runs, { _tag: "sequentum/Runs", ...fakes.runs }),
    Layer.mock(Files, { _tag: "sequentum/Files", ...fakes.files }),
    Layer.mock(Versions, { _tag: "sequentum/Versions", ...fakes.versions }),
    Layer.mock(Schedules, { _tag: "sequentum/Schedules", ...fakes.schedules }),
    Layer.mock(Billing, { _tag: "sequentum/Billing", ...fakes.billing }),
    Layer.mock(Spaces, { _tag: "sequentum/Spaces", ...fakes.spaces }),
    Layer.mock(Analytics, { _tag: "sequentum/Analytics", ...fakes.analytics }),
    Layer.mock(AgentBuilder, { _tag: "sequentum/AgentBuilder", ...fakes.builder })
  )

/** The tools over fake services. `maxStartsPerMinute` 0 sets no ceiling on starts. */
export const fakeTools = (fakes: Fakes = {}, maxStartsPerMinute = 0) =>
  ToolRegistry.layer(catalogue, { maxResultBytes: 40_000 }).pipe(
    Layer.provide(ToolsLive),
    Layer.provide(StartLimit.layer(maxStartsPerMinute)),
    Layer.provide(dataLayer),
    Layer.provide(services(fakes))
  )

/** Calls a tool over fake services. */
export const callOver = (fakes: Fakes, name: string, args: unknown) =>
  Effect.flatMap(Effect.provide(ToolRegistry, fakeTools(fakes)), (tools) => calling(tools)(name, args))
