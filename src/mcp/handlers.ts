import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type HandlerResultTypeMap,
  type RequestTypeMap,
  type Result,
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
import { variablesOf, type Resource } from "../resources/Resource.ts"
import { resourceTemplates, staticResources } from "../resources/resources.ts"
import { Attempts } from "../sequentum/client/Attempts.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import { Confirm } from "../tools/Confirm.ts"
import { Progress } from "../tools/Progress.ts"
import type { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import type { ToolDescriptor, ToolError } from "../tools/Tool.ts"
import type { Era } from "./era.ts"
import { askFirst, type ClientCapabilities, type Confirmations } from "./confirm.ts"
import { errorResult, errorText, successResult } from "./results.ts"
import { skillScheme } from "./skillMethods.ts"
import type { Skills } from "./skills.ts"
import type { TaskMethod, TaskParams } from "./taskMethods.ts"
import { readOnce, requireTasks, taskResult, takesTasks, type Tasks } from "./tasks.ts"
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

type Method = (typeof methods)[number]

type Answer<M extends Method> = HandlerResultTypeMap[M] | Promise<HandlerResultTypeMap[M]>

/** How each of them is answered. A call may ask the client something, so it needs to know what the client can do. */
export type Handlers = {
  readonly [M in Exclude<Method, "tools/call">]: (request: RequestTypeMap[M], ctx: ServerContext) => Answer<M>
} & {
  readonly "tools/call": (
    request: RequestTypeMap["tools/call"],
    ctx: ServerContext,
    capabilities: ClientCapabilities
  ) => Answer<"tools/call">
  readonly tasks: TaskHandlers
  readonly skills: SkillHandlers
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
  /** Asks the user before calls that need a confirmation. */
  readonly confirm: Confirmations
  readonly tasks: Tasks
  /** Called for each failed call, before the result is built. */
  readonly onFailure?: (error: ToolError, ctx: ServerContext, tool?: string) => void
}

/** Sends progress to a client that asked for it. A failure to send is ignored: the client may be gone. */
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

/** The cause of a defect is logged, never sent. */
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

/** Limit for the text that a completion searches by, as for searches. */
const maxSearchLength = 200

/** What resources and templates have in common on the wire. */
const describeResource = ({ description, name, title }: Resource) => ({
  name,
  title,
  description,
  mimeType: resourceType
})

/** Makes the handler of one method. */
type Make<M extends Method> = (environment: HandlerEnvironment) => Handlers[M]

/** Whether a tool is offered to the caller of a request. */
const offeredTo = ({ selection, tools }: HandlerEnvironment, ctx: ServerContext) => {
  const offered = selection(ctx)
  return (name: string) => tools.offers(name, offered)
}

const resourcesFor = (
  environment: HandlerEnvironment,
  ctx: ServerContext,
  resources: ReadonlyArray<Resource>
): ReadonlyArray<Resource> => {
  const isOffered = offeredTo(environment, ctx)
  return resources.filter(({ tool }) => isOffered(tool))
}

/** The value or failure of a request's Effect. Logs a defect and throws an internal error in its place. */
const settle = async <A, E>(
  { run }: HandlerEnvironment,
  exit: Exit.Exit<A, E>,
  ctx: ServerContext
): Promise<Either.Either<A, E>> => {
  if (Exit.isSuccess(exit)) return Either.right(exit.value)
  const failure = Cause.failureOption(exit.cause)
  if (Option.isSome(failure)) return Either.left(failure.value)
  if (Cause.isInterruptedOnly(exit.cause)) throw new Error("The request was cancelled")
  await run(Effect.logError("A request failed", exit.cause), ctx, Context.empty())
  throw internalError
}

const listTools: Make<"tools/list"> =
  ({ selection, tools }) =>
  (_, ctx) => ({ tools: tools.list(selection(ctx)).map(describeTool) })

const callTool: Make<"tools/call"> = (environment) => {
  const { clock, confirm, era, onFailure, run, selection, tasks, tools } = environment
  return async ({ params }, ctx, capabilities) => {
    let attempts = 0
    const sent = () => {
      attempts += 1
    }
    const call: ObservedCall = {
      tool: tools.offers(params.name) ? params.name : "unknown",
      era,
      attempts: () => attempts
    }
    const startedAt = clock.unsafeCurrentTimeNanos()
    const args = params.arguments ?? {}
    const task = era === "modern" && takesTasks(ctx) ? tools.taskOf(params.name) : undefined
    const called = tools.call(params.name, args, selection(ctx))
    const exit = await run(
      tracedCall(
        call,
        ctx.mcpReq._meta
      )(task?.isWait === true ? readOnce(called) : called).pipe(
        Effect.flatMap((result) =>
          Effect.map(
            task === undefined ? Effect.succeedNone : tasks.begin(params.name, args, result),
            Option.match({ onNone: () => successResult(result), onSome: taskResult })
          )
        )
      ),
      ctx,
      Context.make(Progress, progressTo(ctx)).pipe(
        Context.add(Attempts, { sent }),
        Context.add(Confirm, confirm(ctx, era, capabilities))
      )
    )
    countCall(call, exit, Number(clock.unsafeCurrentTimeNanos() - startedAt) / 1e9)
    const outcome = await settle(environment, exit, ctx)
    if (Either.isRight(outcome)) return outcome.right
    const error = outcome.left
    if (error._tag === "UnknownTool") throw unknownTool(error.tool)
    if (error._tag === "ConfirmationNeeded") return askFirst(error)
    onFailure?.(error, ctx, params.name)
    return errorResult(error, offeredTo(environment, ctx))
  }
}

const listResources =
  (environment: HandlerEnvironment, skills: () => Promise<Skills>): Handlers["resources/list"] =>
  async (_, ctx) => ({
    resources: [
      ...resourcesFor(environment, ctx, staticResources).map((resource) => ({
        uri: resource.uri,
        ...describeResource(resource)
      })),
      ...(await skills()).resources(offeredTo(environment, ctx))
    ]
  })

const listResourceTemplates: Make<"resources/templates/list"> = (environment) => (_, ctx) => ({
  resourceTemplates: resourcesFor(environment, ctx, resourceTemplates).map((resource) => ({
    uriTemplate: resource.uri,
    ...describeResource(resource)
  }))
})

const read = (environment: HandlerEnvironment, skills: () => Promise<Skills>): Handlers["resources/read"] => {
  const { onFailure, run, selection } = environment
  return async ({ params: { uri } }, ctx) => {
    if (uri.startsWith(skillScheme)) {
      const text = (await skills()).read(uri, offeredTo(environment, ctx))
      if (text === undefined) throw new ResourceNotFoundError(uri, "Resource not found")
      return { contents: [{ uri, mimeType: "text/markdown", text }] }
    }
    const exit = await run(readResource(uri, selection(ctx)), ctx, Context.empty())
    const outcome = await settle(environment, exit, ctx)
    if (Either.isRight(outcome)) {
      return { contents: [{ uri, mimeType: resourceType, text: outcome.right.json }] }
    }
    const error = outcome.left
    if (error._tag === "ResourceNotFound") throw new ResourceNotFoundError(uri, "Resource not found")
    onFailure?.(error, ctx, toolOf(uri))
    throw new ProtocolError(ProtocolErrorCode.InternalError, errorText(error, offeredTo(environment, ctx)))
  }
}

const describePrompts: Make<"prompts/list"> = (environment) => (_, ctx) => ({
  prompts: listPrompts(offeredTo(environment, ctx)).map(({ arguments: args, description, name, title }) => ({
    name,
    title,
    description,
    ...(args.length === 0
      ? {}
      : { arguments: args.map((arg) => ({ name: arg.name, description: arg.description, required: arg.required })) })
  }))
})

const fillPrompt: Make<"prompts/get"> =
  (environment) =>
  ({ params }, ctx) => {
    const prompt = getPrompt(params.name, params.arguments ?? {}, offeredTo(environment, ctx))
    if (Either.isLeft(prompt)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, prompt.left.problem)
    const { description, text } = prompt.right
    return { description, messages: [{ role: "user" as const, content: { type: "text" as const, text } }] }
  }

interface CompletionReference {
  readonly type: string
  readonly name?: string
  readonly uri?: string
}

/** Whether the prompt or template is offered, and what the argument completes with, if anything. */
const completable = (
  environment: HandlerEnvironment,
  ctx: ServerContext,
  ref: CompletionReference,
  argument: string
): { readonly isKnown: boolean; readonly what: Completable | undefined } => {
  if (ref.type === "ref/prompt") {
    const prompt = listPrompts(offeredTo(environment, ctx)).find(({ name }) => name === ref.name)
    const found = prompt?.arguments.find(({ name }) => name === argument)
    return { isKnown: prompt !== undefined, what: found?.completes }
  }
  const template = resourcesFor(environment, ctx, resourceTemplates).find(({ uri }) => uri === ref.uri)
  return {
    isKnown: template !== undefined,
    what: variablesOf(template?.uri ?? "").find((name) => name === argument)
  }
}

const complete: Make<"completion/complete"> = (environment) => {
  const { onFailure, run } = environment
  return async ({ params: { argument, context, ref } }, ctx) => {
    const { isKnown, what } = completable(environment, ctx, ref, argument.name)
    if (!isKnown) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown prompt or resource template")
    if (what === undefined) return { completion: { values: [] } }
    const agentId = Number(context?.arguments?.["agentId"])
    const suggested = Effect.flatMap(Completions, ({ suggest }) =>
      suggest(
        what,
        argument.value.slice(0, maxSearchLength),
        Number.isSafeInteger(agentId) && agentId > 0 ? agentId : undefined
      )
    )
    const outcome = await settle(environment, await run(suggested, ctx, Context.empty()), ctx)
    if (Either.isRight(outcome)) return { completion: { values: [...outcome.right] } }
    // Completion never fails, but may still trigger an auth challenge.
    onFailure?.(outcome.left, ctx)
    return { completion: { values: [] } }
  }
}

/** How each request about skills is answered. */
export interface SkillHandlers {
  readonly list: (ctx: ServerContext) => Promise<Result>
  readonly get: (uri: string, ctx: ServerContext) => Promise<Result>
}

/** Loads the skills when a client first asks for them or for resources. */
const skillsOf = ({ tools }: HandlerEnvironment): (() => Promise<Skills>) => {
  let loaded: Promise<Skills> | undefined
  return () =>
    (loaded ??= import("./skills.ts").then(({ makeSkills }) => makeSkills(tools.list().map(({ name }) => name))))
}

const makeSkillHandlers = (environment: HandlerEnvironment, skills: () => Promise<Skills>): SkillHandlers => ({
  list: async (ctx) => (await skills()).list(offeredTo(environment, ctx)),
  get: async (uri, ctx) => (await skills()).get(uri, offeredTo(environment, ctx))
})

/** How each request about a task is answered. */
export type TaskHandlers = {
  readonly [M in TaskMethod]: (params: TaskParams, ctx: ServerContext) => Promise<Result>
}

const makeTaskHandlers = (environment: HandlerEnvironment): TaskHandlers => {
  const { onFailure, run, selection, tasks } = environment
  const settled = async <A>(effect: Effect.Effect<A, ToolError, ServerServices | Credentials>, ctx: ServerContext) => {
    requireTasks(ctx)
    const outcome = await settle(environment, await run(effect, ctx, Context.empty()), ctx)
    if (Either.isRight(outcome)) return outcome.right
    onFailure?.(outcome.left, ctx)
    throw new ProtocolError(ProtocolErrorCode.InternalError, errorText(outcome.left, offeredTo(environment, ctx)))
  }
  const acknowledged = (isKnown: boolean): Result => {
    if (!isKnown) throw tasks.unknownTask()
    return {}
  }
  return {
    "tasks/get": async ({ taskId }, ctx) => {
      const task = await settled(tasks.get(taskId, selection(ctx)), ctx)
      return Option.getOrThrowWith(task, tasks.unknownTask)
    },
    // No task waits for input: questions come before the task.
    "tasks/update": async ({ taskId }, ctx) => acknowledged(await settled(tasks.isKnown(taskId), ctx)),
    "tasks/cancel": async ({ taskId }, ctx) => acknowledged(await settled(tasks.cancel(taskId, selection(ctx)), ctx))
  }
}

/** Answers requests from the registries of tools, resources and prompts. */
export const makeHandlers = (environment: HandlerEnvironment): Handlers => {
  const skills = skillsOf(environment)
  return {
    "tools/list": listTools(environment),
    "tools/call": callTool(environment),
    "resources/list": listResources(environment, skills),
    "resources/templates/list": listResourceTemplates(environment),
    "resources/read": read(environment, skills),
    "prompts/list": describePrompts(environment),
    "prompts/get": fillPrompt(environment),
    "completion/complete": complete(environment),
    tasks: makeTaskHandlers(environment),
    skills: makeSkillHandlers(environment, skills)
  }
}
