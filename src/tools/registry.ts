import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type { Credentials } from "../sequentum/Credentials.ts"
import { agentTools } from "./catalog/agents.ts"
import { analyticsTools } from "./catalog/analytics.ts"
import { billingTools } from "./catalog/billing.ts"
import { builderTools } from "./catalog/builder.ts"
import { scheduleTools } from "./catalog/schedules.ts"
import { spaceTools } from "./catalog/spaces.ts"
import { versionTools } from "./catalog/versions.ts"
import { fitResult, mapResult, type ToolResult } from "./bounds.ts"
import { ToolFailure, UnknownTool } from "./errors.ts"
import { fileTools } from "./catalog/files.ts"
import { runTools } from "./catalog/runs.ts"
import { everything, type Selection } from "./selection.ts"
import type { Hints, JsonObject, Scope, Tool, ToolError, Toolset } from "./Tool.ts"

/** Every tool, in the order in which they are listed. */
export const allTools = [
  ...agentTools,
  ...runTools,
  ...fileTools,
  ...versionTools,
  ...scheduleTools,
  ...billingTools,
  ...spaceTools,
  ...analyticsTools,
  ...builderTools
] as const

type Requirements<T> = T extends Tool<infer R> ? R : never

/** The API services that the tools' handlers need. */
export type ToolServices = Exclude<Requirements<(typeof allTools)[number]>, Credentials>

/** What a client is told of a tool. */
export interface ToolDescriptor {
  readonly name: string
  readonly toolset: Toolset
  readonly title: string
  readonly description: string
  readonly hints: Hints
  readonly scope: Scope
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject
}

export interface ToolRegistryOptions {
  /** The most that a result's JSON may take, in bytes. */
  readonly maxResultBytes: number
}

const names: ReadonlySet<string> = new Set(allTools.map(({ name }) => name))

/** Drops the sentences that name a tool which is not offered. */
export const withoutHidden = (text: string, isOffered: (name: string) => boolean): string =>
  text
    .split(/(?<=\.) /u)
    .filter((sentence) =>
      (sentence.match(/\b[a-z]+(?:_[a-z]+)+\b/gu) ?? []).every((word) => !names.has(word) || isOffered(word))
    )
    .join(" ")

const withoutHiddenIn = (schema: unknown, isOffered: (name: string) => boolean): unknown => {
  if (Array.isArray(schema)) return schema.map((item: unknown) => withoutHiddenIn(item, isOffered))
  if (!Predicate.isRecord(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]): ReadonlyArray<readonly [string, unknown]> => {
      if (key !== "description" || typeof value !== "string") return [[key, withoutHiddenIn(value, isOffered)]]
      const shown = withoutHidden(value, isOffered)
      return shown === "" ? [] : [[key, shown]]
    })
  )
}

/** Drops the sentences of a result's notice that name a tool which is not offered. */
const withoutHiddenNotice = (result: JsonObject, isOffered: (name: string) => boolean): JsonObject =>
  typeof result["notice"] === "string" ? { ...result, notice: withoutHidden(result["notice"], isOffered) } : result

/** The tools as a service: what is offered under a selection, and the calling of it. */
export class ToolRegistry extends Context.Tag("sequentum/ToolRegistry")<
  ToolRegistry,
  {
    readonly list: (selection?: Selection) => ReadonlyArray<ToolDescriptor>
    /** Whether a tool of this name is offered. */
    readonly offers: (name: string, selection?: Selection) => boolean
    /** Calls a tool. Fails with UnknownTool for a name that is not offered, as if it did not exist. */
    readonly call: (
      name: string,
      args: unknown,
      selection?: Selection
    ) => Effect.Effect<ToolResult, ToolError | UnknownTool, Credentials>
  }
>() {
  /** Binds the handlers of `tools` to the services they need, once. */
  static readonly make = <R>(tools: ReadonlyArray<Tool<R | Credentials>>, options: ToolRegistryOptions) =>
    Effect.map(Effect.context<R>(), (services): Context.Tag.Service<ToolRegistry> => {
      const byName = new Map(tools.map((tool) => [tool.name, tool]))
      const find = (name: string, selection: Selection) => {
        const tool = byName.get(name)
        return tool !== undefined && selection(tool) ? tool : undefined
      }
      return {
        list: (selection = everything) => {
          const offered = tools.filter(selection)
          const complete = offered.length === tools.length
          const shown = new Set(offered.map(({ name }) => name))
          const isOffered = (name: string) => complete || shown.has(name)
          return offered.map((tool) => {
            const descriptor: ToolDescriptor = tool
            if (complete) return descriptor
            const input = withoutHiddenIn(tool.inputSchema, isOffered)
            return {
              ...pickDescriptor(descriptor),
              description: withoutHidden(tool.description, isOffered),
              inputSchema: Predicate.isRecord(input) ? input : tool.inputSchema
            }
          })
        },
        offers: (name, selection = everything) => find(name, selection) !== undefined,
        call: (name, args, selection = everything) => {
          const tool = find(name, selection)
          if (tool === undefined) return new UnknownTool({ tool: name })
          const isOffered = (other: string) => find(other, selection) !== undefined
          return Effect.mapInputContext(
            Effect.suspend(() => tool.call(args)),
            (caller: Context.Context<Credentials>) => Context.merge(services, caller)
          ).pipe(
            Effect.map((result) =>
              mapResult(
                fitResult(result, {
                  bound: tool.bound,
                  maxBytes: options.maxResultBytes,
                  required: () => requiredOf(tool)
                }),
                (value) => withoutHiddenNotice(value, isOffered)
              )
            ),
            Effect.mapError((error) =>
              error._tag === "ToolFailure"
                ? new ToolFailure({ message: withoutHidden(error.message, isOffered) })
                : error
            )
          )
        }
      }
    })

  /** All tools over the API services. */
  static readonly layer = (options: ToolRegistryOptions): Layer.Layer<ToolRegistry, never, ToolServices> =>
    Layer.effect(ToolRegistry, ToolRegistry.make<ToolServices>(allTools, options))
}

/** The members that every result of a tool has. */
const requiredOf = ({ outputSchema: { required } }: ToolDescriptor): ReadonlyArray<string> =>
  Array.isArray(required) ? required.filter(Predicate.isString) : []

const pickDescriptor = (tool: ToolDescriptor): ToolDescriptor => ({
  name: tool.name,
  toolset: tool.toolset,
  title: tool.title,
  description: tool.description,
  hints: tool.hints,
  scope: tool.scope,
  inputSchema: tool.inputSchema,
  outputSchema: tool.outputSchema
})
