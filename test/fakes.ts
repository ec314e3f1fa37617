import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AgentBuilder } from "../src/sequentum/AgentBuilder.ts"
import { Agents } from "../src/sequentum/Agents.ts"
import { Analytics } from "../src/sequentum/Analytics.ts"
import { Billing } from "../src/sequentum/Billing.ts"
import { Files } from "../src/sequentum/Files.ts"
import { Runs } from "../src/sequentum/Runs.ts"
import { Schedules } from "../src/sequentum/Schedules.ts"
import { Spaces } from "../src/sequentum/Spaces.ts"
import { Versions } from "../src/sequentum/Versions.ts"
import { catalogue, ToolsLive } from "../src/tools/catalog/all.ts"
import { ToolRegistry } from "../src/tools/registry.ts"

/** A method that the test did not expect to be called. */
const unset = (name: string) => () => Effect.dieMessage(`${name} is not faked`)

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

export const fakeAgents = (methods: Partial<Agents> = {}) =>
  Layer.succeed(
    Agents,
    Agents.make({
      list: unset("Agents.list"),
      get: unset("Agents.get"),
      search: unset("Agents.search"),
      searchCount: unset("Agents.searchCount"),
      personalCount: unset("Agents.personalCount"),
      ...methods
    })
  )

export const fakeRuns = (methods: Partial<Runs> = {}) =>
  Layer.succeed(
    Runs,
    Runs.make({
      list: unset("Runs.list"),
      listDated: unset("Runs.listDated"),
      summary: unset("Runs.summary"),
      status: unset("Runs.status"),
      start: unset("Runs.start"),
      startAndWait: unset("Runs.startAndWait"),
      stop: unset("Runs.stop"),
      kill: unset("Runs.kill"),
      remove: unset("Runs.remove"),
      ...methods
    })
  )

export const fakeFiles = (methods: Partial<Files> = {}) =>
  Layer.succeed(
    Files,
    Files.make({
      list: unset("Files.list"),
      downloadUrl: unset("Files.downloadUrl"),
      content: () => {
        throw new Error("Files.content is not faked")
      },
      ...methods
    })
  )

export const fakeVersions = (methods: Partial<Versions> = {}) =>
  Layer.succeed(
    Versions,
    Versions.make({
      list: unset("Versions.list"),
      listDated: unset("Versions.listDated"),
      restore: unset("Versions.restore"),
      ...methods
    })
  )

export const fakeSchedules = (methods: Partial<Schedules> = {}) =>
  Layer.succeed(
    Schedules,
    Schedules.make({
      list: unset("Schedules.list"),
      listDated: unset("Schedules.listDated"),
      get: unset("Schedules.get"),
      create: unset("Schedules.create"),
      update: unset("Schedules.update"),
      remove: unset("Schedules.remove"),
      enable: unset("Schedules.enable"),
      disable: unset("Schedules.disable"),
      upcoming: unset("Schedules.upcoming"),
      ...methods
    })
  )

export const fakeBilling = (methods: Partial<Billing> = {}) =>
  Layer.succeed(
    Billing,
    Billing.make({
      credits: unset("Billing.credits"),
      spending: unset("Billing.spending"),
      history: unset("Billing.history"),
      agentsUsage: unset("Billing.agentsUsage"),
      costBreakdown: unset("Billing.costBreakdown"),
      runsCost: unset("Billing.runsCost"),
      ...methods
    })
  )

export const fakeSpaces = (methods: Partial<Spaces> = {}) =>
  Layer.succeed(
    Spaces,
    Spaces.make({
      list: unset("Spaces.list"),
      get: unset("Spaces.get"),
      searchByName: unset("Spaces.searchByName"),
      agents: unset("Spaces.agents"),
      agentCount: unset("Spaces.agentCount"),
      runAll: unset("Spaces.runAll"),
      ...methods
    })
  )

export const fakeAnalytics = (methods: Partial<Analytics> = {}) =>
  Layer.succeed(
    Analytics,
    Analytics.make({
      runs: unset("Analytics.runs"),
      records: unset("Analytics.records"),
      diagnostics: unset("Analytics.diagnostics"),
      latestFailure: unset("Analytics.latestFailure"),
      ...methods
    })
  )

export const fakeBuilder = (methods: Partial<AgentBuilder> = {}) =>
  Layer.succeed(
    AgentBuilder,
    AgentBuilder.make({
      start: unset("AgentBuilder.start"),
      status: unset("AgentBuilder.status"),
      stop: unset("AgentBuilder.stop"),
      ...methods
    })
  )

/** The tools over fake services: no API call is real. */
export const fakeTools = (fakes: Fakes = {}, maxResultBytes = 40_000) =>
  ToolRegistry.layer(catalogue, { maxResultBytes }).pipe(
    Layer.provide(ToolsLive),
    Layer.provide(
      Layer.mergeAll(
        fakeAgents(fakes.agents),
        fakeRuns(fakes.runs),
        fakeFiles(fakes.files),
        fakeVersions(fakes.versions),
        fakeSchedules(fakes.schedules),
        fakeBilling(fakes.billing),
        fakeSpaces(fakes.spaces),
        fakeAnalytics(fakes.analytics),
        fakeBuilder(fakes.builder)
      )
    )
  )
