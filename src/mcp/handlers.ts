import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type HandlerResultTypeMap,
  type RequestTypeMap,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { Completions, type Completable } from "../resources/Completions.ts"
import { getPrompt, listPrompts } from "../prompts/get.ts"
import { readResource, toolOf } from "../resources/read.ts"
import type { Resource } from "../resources/Resource.ts"
import { resourceTemplates, staticResources } from "../resources/resources.ts"
import { Attempts } from "../sequentum/client/Attempts.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import { Progress } from "../tools/Progress.ts"
import type { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import type { ToolDescriptor, ToolError } from "../tools/Tool.ts"
import type { Era } from "./era.ts"
import { errorResult, errorText, successResult } from "./results.ts"
import { countCall, tracedCall, type ObservedCall } from "./telemetry.ts"

/** The requests that are answered from the registries. */
export const methods = [
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "prompts/list",
  "prompts/get",
  "completion/complete"
] as const

/** How each of them is answered. */
export type Handlers = {
  readonly [Method in (typeof methods)[number]]: (
    request: RequestTypeMap[Method],
    ctx: ServerContext
  ) => HandlerResultTypeMap[Method] | Promise<HandlerResultTypeMap[Method]>
}

/** The services that requests run with. The caller comes with each request. */
export type ServerServices = ToolRegistry | Completions

/** Runs a request's Effect for its caller, with the services in `own`. Interrupts it when the request is cancelled. */
export type RunRequest = <A, E, R>(
  effect: Effect.Effect<A, E, ServerServices | Credentials | R>,
  ctx: ServerContext,
  own: Context.Context<R>
) => Promise<Exit.Exit<A, E>>

export interface HandlerEnvironment {
  readonly tools: Context.Tag.Service<ToolRegistry>
  readonly run: RunRequest
  readonly clock: Clock.Clock
  /** The tools that the caller of a request may use. */
  readonly selection: (ctx: ServerContext) => Selection
  readonly era: Era
  /** Called for each failed call, before the result is built. */
  readonly onFailure?: (error: ToolError, ctx: ServerContext, tool?: string) => void
}

/** Sends progress to a client that asked for it; a client that went away is no reason to fail. */
const progressTo = (ctx: ServerContext): Context.Tag.Service<Progress> => {
  const progressToken = ctx.mcpReq._meta?.progressToken
  if (progressToken === undefined) return { report: () => Effect.void }
  return {
    report: (report) =>
      Effect.ignore(
        Effect.tryPromise(() =>
          ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, ...report } })
        )
      )
  }
}

const unknownTool = (name: string) =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${JSON.stringify(name.slice(0, 100))}`)

/** A defect's cause stays on this side: a client is told only that there was one. */
const internalError = new ProtocolError(ProtocolErrorCode.InternalError, "Internal error")

const describeTool = (tool: ToolDescriptor) => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: { ...tool.inputSchema, type: "object" as const },
  outputSchema: { ...tool.outputSchema, type: "object" as const },
  annotations: { title: tool.title, ...tool.annotations }
})

const resourceType = "application/json"

/** How much of a value that is being typed is looked for: as much as a search takes. */
const longestCompleted = 200

/** What a client is told of a resource or, under the name that a template has for it, of a template. */
const describeResource = ({ description, name, title }: Resource) => ({
  name,
  title,
  description,
  mimeType: resourceType
})

const variable = /\{(\w+)\}/gu

const completableVariable = (uri: string, name: string): Completable | undefined =>
  [...uri.matchAll(variable)].some((match) => match[1] === name) &&
  (name === "agentId" || name === "runId" || name === "spaceId")
    ? name
    : undefined

/** Answers requests from the registries, whose services are built once; knows nothing of Sequentum. */
export const makeHandlers = ({ clock, era, onFailure, run, selection, tools }: HandlerEnvironment): Handlers => {
  const offeredTo = (ctx: ServerContext) => {
    const offered = selection(ctx)
    return (name: string) => tools.offers(name, offered)
  }
  const resourcesFor = (ctx: ServerContext, resources: ReadonlyArray<Resource>) => {
    const isOffered = offeredTo(ctx)
    return resources.filter(({ tool }) => isOffered(tool))
  }

  /** What a request's Effect came to. Its defects are logged here, and a client learns only that there was one. */
  const settled = async <A, E>(exit: Exit.Exit<A, E>, ctx: ServerContext): Promise<Either.Either<A, E>> => {
    if (Exit.isSuccess(exit)) return Either.right(exit.value)
    const failure = Cause.failureOption(exit.cause)
    if (Option.isSome(failure)) return Either.left(failure.value)
    if (Cause.isInterruptedOnly(exit.cause)) throw new Error("The request was cancelled")
    await run(Effect.logError("A request failed", exit.cause), ctx, Context.empty())
    throw internalError
  }

  /** What an argument completes with; undefined for a prompt, template or argument that is not offered. */
  const completable = (
    ctx: ServerContext,
    ref: { readonly type: string; readonly name?: string; readonly uri?: string },
    argument: string
  ) => {
    if (ref.type === "ref/prompt") {
      const prompt = listPrompts(offeredTo(ctx)).find(({ name }) => name === ref.name)
      return { known: prompt !== undefined, what: prompt?.arguments.find(({ name }) => name === argument)?.completes }
    }
    const template = resourcesFor(ctx, resourceTemplates).find(({ uri }) => uri === ref.uri)
    return { known: template !== undefined, what: completableVariable(template?.uri ?? "", argument) }
  }

  return {
    "tools/list": (_, ctx) => ({ tools: tools.list(selection(ctx)).map(describeTool) }),

    "tools/call": async ({ params }, ctx) => {
      let attempts = 0
      const sent = () => {
        attempts += 1
      }
      const call: ObservedCall = {
        tool: tools.offers(params.name) ? params.name : "unknown",
        era,
        attempts: () => attempts
      }
      const startedAt = clock.unsafeCurrentTimeMillis()
      const exit = await run(
        tracedCall(call, ctx.mcpReq._meta)(tools.call(params.name, params.arguments ?? {}, selection(ctx))),
        ctx,
        Context.make(Progress, progressTo(ctx)).pipe(Context.add(Attempts, { sent }))
      )
      countCall(call, exit, (clock.unsafeCurrentTimeMillis() - startedAt) / 1000)
      const outcome = await settled(exit, ctx)
      if (Either.isRight(outcome)) return successResult(outcome.right)
      const error = outcome.left
      if (error._tag === "UnknownTool") throw unknownTool(error.tool)
      onFailure?.(error, ctx, params.name)
      return errorResult(error, offeredTo(ctx))
    },
    "resources/list": (_, ctx) => ({
      resources: resourcesFor(ctx, staticResources).map((resource) => ({
        uri: resource.uri,
        ...describeResource(resource)
      }))
    }),

    "resources/templates/list": (_, ctx) => ({
      resourceTemplates: resourcesFor(ctx, resourceTemplates).map((resource) => ({
        uriTemplate: resource.uri,
        ...describeResource(resource)
      }))
    }),

    "resources/read": async ({ params: { uri } }, ctx) => {
      const outcome = await settled(await run(readResource(uri, selection(ctx)), ctx, Context.empty()), ctx)
      if (Either.isRight(outcome)) {
        return { contents: [{ uri, mimeType: resourceType, text: outcome.right.json }] }
      }
      const error = outcome.left
      if (error._tag === "ResourceNotFound") throw new ResourceNotFoundError(uri, "Resource not found")
      onFailure?.(error, ctx, toolOf(uri))
      throw new ProtocolError(ProtocolErrorCode.InternalError, errorText(error, offeredTo(ctx)))
    },
    "prompts/list": (_, ctx) => ({
      prompts: listPrompts(offeredTo(ctx)).map(({ arguments: args, description, name, title }) => ({
        name,
        title,
        description,
        ...(args.length === 0
          ? {}
          : {
              arguments: args.map((arg) => ({ name: arg.name, description: arg.description, required: arg.required }))
            })
      }))
    }),

    "prompts/get": ({ params }, ctx) => {
      const prompt = getPrompt(params.name, params.arguments ?? {}, offeredTo(ctx))
      if (Either.isLeft(prompt)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, prompt.left.problem)
      const { description, text } = prompt.right
      return { description, messages: [{ role: "user" as const, content: { type: "text" as const, text } }] }
    },
    "completion/complete": async ({ params: { argument, context, ref } }, ctx) => {
      const { known, what } = completable(ctx, ref, argument.name)
      if (!known) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown prompt or resource template")
      if (what === undefined) return { completion: { values: [] } }
      const agentId = Number(context?.arguments?.["agentId"])
      const suggested = Effect.flatMap(Completions, ({ suggest }) =>
        suggest(
          what,
          argument.value.slice(0, longestCompleted),
          Number.isSafeInteger(agentId) && agentId > 0 ? agentId : undefined
        )
      )
      const outcome = await settled(await run(suggested, ctx, Context.empty()), ctx)
      if (Either.isRight(outcome)) return { completion: { values: [...outcome.right] } }
      // Completion never fails, but may still trigger an auth challenge.
      onFailure?.(outcome.left, ctx)
      return { completion: { values: [] } }
    }
  }
}
