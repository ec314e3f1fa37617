import * as Either from "effect/Either"
import { allTools } from "../src/tools/catalog/all.ts"
import { listTools } from "../src/tools/registry.ts"
import { select, type Selection, type SelectionRequest } from "../src/tools/selection.ts"
import type { JsonObject, ToolDescriptor } from "../src/tools/Tool.ts"

/** The tools of a selection, as a client sees them. */
export const offered = (selection?: Selection): ReadonlyArray<ToolDescriptor> => listTools(allTools, selection)

/** The selection for a request. Throws if the request names an unknown tool or toolset. */
export const selectionOf = (request: SelectionRequest): Selection =>
  Either.getOrThrowWith(select(request, allTools), (problems) => new Error(problems.join(" ")))

/** One tool as in the result of tools/list. */
export const onTheWire = (tool: ToolDescriptor): JsonObject => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: tool.inputSchema,
  outputSchema: tool.outputSchema,
  annotations: { title: tool.title, ...tool.annotations }
})
