import { toolsets } from "../../src/tools/catalog/all.ts"
import type { ToolDescriptor } from "../../src/tools/Tool.ts"
import { agentCases } from "./agents.cases.ts"
import { analyticsCases } from "./analytics.cases.ts"
import { billingCases } from "./billing.cases.ts"
import { builderCases } from "./builder.cases.ts"
import { fileCases } from "./files.cases.ts"
import { runCases } from "./runs.cases.ts"
import { scheduleCases } from "./schedules.cases.ts"
import { spaceCases } from "./spaces.cases.ts"
import type { ToolCase } from "./ToolCase.ts"
import { versionCases } from "./versions.cases.ts"

type ToolsetId = (typeof toolsets)[number]["id"]

/** In the order in which toolsets are listed. */
const casesByToolset: Readonly<Record<ToolsetId, Readonly<Record<string, ToolCase>>>> = {
  agents: agentCases,
  runs: runCases,
  files: fileCases,
  versions: versionCases,
  schedules: scheduleCases,
  billing: billingCases,
  spaces: spaceCases,
  analytics: analyticsCases,
  builder: builderCases
}

/** The file with the cases of a toolset. */
export const casesFile = (toolset: string) => `test/tools/${toolset}.cases.ts`

/** Names of the cases of all toolsets, in the order in which they are written. */
export const caseNames: ReadonlyArray<string> = Object.values(casesByToolset).flatMap((cases) => Object.keys(cases))

/** Tools without a case, and cases without a tool. */
export const caseProblems: ReadonlyArray<string> = toolsets.flatMap(({ id, tools }) => {
  const cases = Object.keys(casesByToolset[id])
  const names = tools.map(({ name }) => name)
  return [
    ...names.filter((name) => !cases.includes(name)).map((name) => `${name} has no case: add one to ${casesFile(id)}`),
    ...cases
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is no tool of ${id}: remove its case from ${casesFile(id)}`)
  ]
})

export interface NamedCase extends ToolCase {
  readonly name: string
  readonly tool: ToolDescriptor
}

/** Every tool that has a case, in the order in which tools are listed. */
export const allCases: ReadonlyArray<NamedCase> = toolsets.flatMap(({ id, tools }) =>
  tools.flatMap((tool) => {
    const found = casesByToolset[id][tool.name]
    return found === undefined ? [] : [{ ...found, name: tool.name, tool }]
  })
)
