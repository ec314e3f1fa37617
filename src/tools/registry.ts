import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type { Credentials } from "../sequentum/Credentials.ts"
import * as Deadline from "../sequentum/Deadline.ts"
import { fitResult, mapResult, type ToolResult } from "./bounds.ts"
import { ToolFailure, UnknownTool } from "./errors.ts"
import { makeHiddenTools, type HiddenTools } from "./hiddenTools.ts"
import { everything, type Selection } from "./selection.ts"
import type { Task } from "./Task.ts"
import type { JsonObject, ToolDescriptor, ToolError } from "./Tool.ts"
import type { Call } from "./Toolset.ts"

/** Tools in the order in which they are listed, and their calls by name. `R` is the handlers that these need. */
export interface Catalogue<out R> {
  readonly tools: ReadonlyArray<ToolDescriptor>
  readonly calls: Effect.Effect<ReadonlyMap<string, Call>, never, R>
}

export interface ToolRegistryOptions {
  /** Limit for the JSON of a result, in bytes. */
  readonly maxResultBytes: number
}

/** The members that every result of a tool has. */
const requiredOf = ({ outputSchema: { required } }: ToolDescriptor): ReadonlyArray<string> =>
  Array.isArray(required) ? required.filter(Predicate.isString) : []

const narrowDescriptor = (tool: ToolDescriptor, hidden: HiddenTools): ToolDescriptor => ({
  name: tool.name,
  toolset: tool.toolset,
  title: tool.title,
  description: hidden.fromText(tool.description),
  annotations: tool.annotations,
  scope: tool.scope,
  bound: tool.bound,
  task: tool.task,
  inputSchema: { ...hidden.fromSchema(tool.inputSchema), type: "object" },
  outputSchema: tool.outputSchema
})

/** The tools that a selection offers, as a client sees them. Needs no handler. */
export const listTools = (
  tools: ReadonlyArray<ToolDescriptor>,
  selection: Selection = everything
): ReadonlyArray<ToolDescriptor> => {
  const offered = tools.filter(selection)
  if (offered.length === tools.length) return tools
  const shown = new Set(offered.map(({ name }) => name))
  const hidden = makeHiddenTools(new Set(tools.map(({ name }) => name)), (name) => shown.has(name))
  return offered.map((tool) => narrowDescriptor(tool, hidden))
}

const make = <R>(catalogue: Catalogue<R>, options: ToolRegistryOptions) =>
  Effect.map(catalogue.calls, (calls): Context.Tag.Service<ToolRegistry> => {
    const { tools } = catalogue
    const byName = new Map(tools.map((tool) => [tool.name, tool]))
    const names = new Set(byName.keys())
    const find = (name: string, selection: Selection) => {
      const tool = byName.get(name)
      return tool !== undefined && selection(tool) ? tool : undefined
    }
    const hiddenUnder = (selection: Selection) => makeHiddenTools(names, (name) => find(name, selection) !== undefined)
    const limitsOf = (tool: ToolDescriptor | undefined) => ({
      bound: tool?.bound,
      maxBytes: options.maxResultBytes,
      required: () => (tool === undefined ? [] : requiredOf(tool))
    })
    return {
      list: (selection) => listTools(tools, selection),
      offers: (name, selection = everything) => find(name, selection) !== undefined,
      taskOf: (name) => byName.get(name)?.task,
      fit: (name, value, selection = everything) =>
        mapResult(fitResult(value, limitsOf(byName.get(name))), hiddenUnder(selection).fromNotice),
      call: (name, args, selection = everything) => {
        const tool = find(name, selection)
        const call = calls.get(name)
        if (tool === undefined || call === undefined) return new UnknownTool({ tool: name })
        const limits = limitsOf(tool)
        return Effect.suspend(() => call(args)).pipe(
          Effect.map((result) => mapResult(fitResult(result, limits), hiddenUnder(selection).fromNotice)),
          Effect.mapError((error) =>
            error._tag === "ToolFailure"
              ? new ToolFailure({ message: hiddenUnder(selection).fromText(error.message) })
              : error
          ),
          Deadline.ofCall
        )
      }
    }
  })

/** The tools as a service: lists what a selection offers, and calls it. */
export class ToolRegistry extends Context.Tag("sequentum/ToolRegistry")<
  ToolRegistry,
  {
    readonly list: (selection?: Selection) => ReadonlyArray<ToolDescriptor>
    /** Whether a tool of this name is offered. */
    readonly offers: (name: string, selection?: Selection) => boolean
    /** How calls of a tool go on as tasks; undefined if they don't. */
    readonly taskOf: (name: string) => Task | undefined
    /** Keeps a result of a tool within the limit. Its notice names no tool that is not offered. */
    readonly fit: (name: string, value: JsonObject, selection?: Selection) => ToolResult
    /** Calls a tool. Fails with UnknownTool for a name that is not offered, as if it did not exist. */
    readonly call: (
      name: string,
      args: unknown,
      selection?: Selection
    ) => Effect.Effect<ToolResult, ToolError | UnknownTool, Credentials>
  }
>() {
  /** Needs the handlers of the catalogue's tools. */
  static readonly layer = <R>(
    catalogue: Catalogue<R>,
    options: ToolRegistryOptions
  ): Layer.Layer<ToolRegistry, never, R> => Layer.effect(ToolRegistry, make(catalogue, options))
}
