import type { CallToolResult } from "@modelcontextprotocol/server"
import { inBrief, meaningOf, type Resource, type SequentumError } from "../sequentum/errors.ts"
import type { ToolResult } from "../tools/bounds.ts"
import type { ToolError } from "../tools/Tool.ts"

/** A next step for a model: tools that serve it, most useful first, and what for. */
interface Step {
  readonly tools: ReadonlyArray<string>
  readonly to: string
}

interface Steps {
  /** Lists what exists. */
  readonly find: Step
  /** Shows the present state. */
  readonly see?: Step
  /** Shows whether a write was carried out. */
  readonly check?: Step
}

const findAgent: Step = { tools: ["search_agents", "list_agents"], to: "find the right agent" }
const seeRun: Step = { tools: ["get_run_status"], to: "see the state" }

const toolsFor: Readonly<Record<Resource, Steps>> = {
  account: { find: findAgent },
  agent: {
    find: findAgent,
    check: { tools: ["get_agent_runs"], to: "see whether a run was started before starting again" }
  },
  run: {
    find: { tools: ["get_agent_runs"], to: "see which runs there are" },
    see: seeRun,
    check: { tools: ["get_run_status"], to: "see whether it was done" }
  },
  file: { find: { tools: ["get_run_files", "get_agent_runs"], to: "see which files there are" }, see: seeRun },
  version: {
    find: { tools: ["get_agent_versions"], to: "see which versions there are" },
    check: { tools: ["get_agent_versions"], to: "see whether it was done" }
  },
  schedule: {
    find: { tools: ["list_agent_schedules"], to: "see which schedules there are" },
    check: { tools: ["list_agent_schedules"], to: "see whether it was done" }
  },
  space: {
    find: { tools: ["list_spaces"], to: "see which spaces there are" },
    check: { tools: ["get_space_agents"], to: "see whether runs were started" }
  },
  build: {
    find: { tools: ["start_agent_build"], to: "begin a new build session" },
    check: { tools: ["get_agent_build_status"], to: "see whether it was done" }
  },
  draft: {
    find: findAgent,
    check: { tools: ["list_agents"], to: "see whether a draft appears: builds themselves can't be listed" }
  }
}

const nextStep = ({ changes, resource }: SequentumError, next: keyof Steps | undefined): Step | undefined =>
  next === undefined ? undefined : toolsFor[next === "check" ? (changes ?? resource) : resource][next]

/** A sentence that suggests the next step, if there is one and its tool is offered. */
const suggestion = (error: SequentumError, isOffered: (tool: string) => boolean): string => {
  const step = nextStep(error, meaningOf(error).next)
  const tool = step?.tools.find(isOffered)
  return step === undefined || tool === undefined ? "" : ` Use ${tool} to ${step.to}.`
}

/** What a failed call tells a model. Names only tools that are offered. */
export const errorText = (error: ToolError, isOffered: (tool: string) => boolean): string => {
  switch (error._tag) {
    case "InvalidArguments":
      return `Invalid arguments for ${error.tool}; nothing was done. ${error.problems.join(" ")}`
    case "OutcomeUnknown":
      return error.lookAgain
        ? `${meaningOf(error.error).text} ${error.seen}${suggestion(error.error, isOffered)}`
        : `${inBrief(error.error)} It is not known whether Sequentum acted. ${error.seen}`
    case "ToolFailure":
      return error.message
    case "ConfirmationNeeded":
      return `The user has to confirm this first; nothing was done. ${error.question}`
    default:
      return `${meaningOf(error).text}${suggestion(error, isOffered)}`
  }
}

export const errorResult = (error: ToolError, isOffered: (tool: string) => boolean): CallToolResult => ({
  isError: true,
  content: [{ type: "text", text: errorText(error, isOffered) }]
})

/** The value as structured content, and the same JSON as text for clients that read only text. */
export const successResult = ({ json, value }: ToolResult): CallToolResult => ({
  content: [{ type: "text", text: json }],
  structuredContent: { ...value }
})
