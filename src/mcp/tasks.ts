import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type Result,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Sealing } from "../runtime/sealed.ts"
import { askedToWait, passes, type Forbidden, type SequentumError, type Unauthorized } from "../sequentum/errors.ts"
import type { ToolResult } from "../tools/bounds.ts"
import type { UnknownTool } from "../tools/errors.ts"
import { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import { Stopping } from "../tools/Stopping.ts"
import type { Progress, Task } from "../tools/Task.ts"
import type { ToolError } from "../tools/Tool.ts"
import { declaredCapabilities } from "./clientCapabilities.ts"
import { callerDigest } from "./confirm.ts"
import { tasksExtension } from "./taskMethods.ts"
import { errorResult, errorText, successResult } from "./results.ts"

/** A task's id is taken for so long after the call that made it. The work itself may be over sooner or later. */
const timeToLive = Duration.hours(24)

/** The least time between two reads of a task. */
const pollInterval = Duration.seconds(5)

const Json = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** All there is to know of a task. It is the task's id, sealed, so that any replica can answer for it. */
const State = Schema.Struct({
  tool: Schema.String,
  caller: Schema.String,
  /** Epoch milliseconds. */
  created: Schema.Number,
  kept: Json,
  watch: Schema.Struct({ tool: Schema.String, args: Json })
})
type State = typeof State.Type

/** The SDK's types know no tasks, which its wire lets through. */
export function taskResult(task: Result): CallToolResult
export function taskResult(task: Result): Result {
  return task
}

/** Whether the client of a request takes a task in place of a result. */
export const takesTasks = (ctx: ServerContext): boolean => {
  const capabilities = declaredCapabilities(ctx)
  const extensions = Predicate.hasProperty(capabilities, "extensions") ? capabilities.extensions : undefined
  return Predicate.hasProperty(extensions, tasksExtension) && Predicate.isRecord(extensions[tasksExtension])
}

/** A result inside a task, as the revision wants every result. The SDK sees to the outer one only. */
const whole = (result: CallToolResult): Result => ({ ...result, resultType: "complete" })

const unknownTask = () => new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown task, or one that has expired")

const isoOf = (millis: number) => DateTime.formatIso(DateTime.unsafeMake(millis))

/** Ends a wait once it has read a state, as if the server were about to stop. */
export const readOnce = <A, E, R>(wait: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(wait, Stopping, { started: Effect.void })

/** Failures of a tool itself. */
const ofTools: ReadonlySet<string> = new Set([
  "InvalidArguments",
  "ToolFailure",
  "OutcomeUnknown",
  "ConfirmationNeeded"
])

const isOfSequentum = (error: ToolError): error is SequentumError => !ofTools.has(error._tag)

/** Whether the next read may succeed. A wait fails by itself only where Sequentum did not answer in time. */
const mayPass = (error: ToolError): boolean => (isOfSequentum(error) ? passes(error) : error._tag === "ToolFailure")

const isRefused = (error: ToolError): error is Unauthorized | Forbidden =>
  error._tag === "Unauthorized" || error._tag === "Forbidden"

/** Whether the work may go on after a failed attempt to end it. A refusal says that there is nothing to end. */
const mayGoOn = (error: ToolError | UnknownTool): error is ToolError =>
  error._tag !== "UnknownTool" && (isRefused(error) || error._tag === "OutcomeUnknown" || mayPass(error))

const begun: Progress = { status: "working", message: "Begun; its state was not read yet." }

interface TaskOptions {
  readonly sealing: Sealing
  readonly taskOf: (tool: string) => Task | undefined
}

/** Turns calls into tasks, and answers for these, without keeping any. */
export const makeTasks = ({ sealing, taskOf }: TaskOptions) => {
  const { open, seal } = sealing("id of a task", State)

  /** `pause` is how many seconds to leave Sequentum alone. */
  const describe = (taskId: string, state: State, now: number, { message, status }: Progress, pause = 0) => ({
    taskId,
    status,
    statusMessage: message,
    createdAt: isoOf(state.created),
    lastUpdatedAt: isoOf(now),
    ttlMs: Duration.toMillis(timeToLive),
    pollIntervalMs: Math.max(
      Duration.toMillis(pollInterval),
      // At most one request a second, however much a task reads.
      Duration.toMillis(Duration.seconds(Math.max(taskOf(state.tool)?.reads?.(state.watch.args) ?? 1, pause)))
    )
  })

  /** The task of a call, by its result; none if there is nothing to wait for. */
  const begin = (tool: string, args: unknown, { value }: ToolResult) =>
    Effect.gen(function* () {
      const task = taskOf(tool)
      const watch = task?.watch(Predicate.isRecord(args) ? args : {}, value) ?? Option.none()
      if (task === undefined || Option.isNone(watch)) return Option.none<Result>()
      const created = DateTime.toEpochMillis(yield* DateTime.now)
      const state: State = {
        tool,
        caller: yield* callerDigest,
        created,
        kept: task.keep?.(value) ?? {},
        watch: watch.value
      }
      const first: Progress = task.isWait === true ? task.progress(value) : begun
      return Option.some<Result>({ resultType: "task", ...describe(seal(state), state, created, first) })
    })

  const find = (taskId: string) =>
    Effect.gen(function* () {
      const state = Option.getOrUndefined(open(taskId))
      const now = DateTime.toEpochMillis(yield* DateTime.now)
      const task = state === undefined ? undefined : taskOf(state.tool)
      const isKnown =
        state !== undefined &&
        state.caller === (yield* callerDigest) &&
        now - state.created <= Duration.toMillis(timeToLive)
      return state !== undefined && task !== undefined && isKnown
        ? Option.some({ now, state, task })
        : Option.none<{ readonly now: number; readonly state: State; readonly task: Task }>()
    })

  /** The state of the work, read once. One that may stay as it is counts as the last one if it does so for a while. */
  const read = (task: Task, { args, tool }: State["watch"]) =>
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const first = yield* readOnce(tools.call(tool, args))
      const { value } = task.mayStay?.(first.value) === true ? yield* tools.call(tool, args) : first
      const progress = task.progress(value)
      const isLast = task.hasStayed?.(value) === true
      return { value, progress: isLast ? { ...progress, status: "completed" as const } : progress }
    })

  /** The task as it is now. Fails with an error that is none of the work's own. */
  const get = (taskId: string, selection: Selection) =>
    Effect.flatMap(
      find(taskId),
      Option.match({
        onNone: () => Effect.succeed(Option.none<Result>()),
        onSome: ({ now, state, task }) =>
          Effect.gen(function* () {
            const tools = yield* ToolRegistry
            const described = (progress: Progress, more: object = {}, pause = 0) =>
              Option.some<Result>({ ...describe(taskId, state, now, progress, pause), ...more })
            const seen = yield* Effect.either(read(task, state.watch))
            if (seen._tag === "Left") {
              const error = seen.left
              if (error._tag === "UnknownTool") return Option.none<Result>()
              if (isRefused(error)) return yield* error
              const isOffered = (name: string) => tools.offers(name, selection)
              const message = errorText(error, isOffered)
              return mayPass(error)
                ? described(
                    { status: "working", message: `Its state could not be read: ${message}` },
                    {},
                    askedToWait(error)
                  )
                : described({ status: "completed", message }, { result: whole(errorResult(error, isOffered)) })
            }
            const { progress, value } = seen.right
            if (progress.status !== "completed") return described(progress)
            const result = tools.fit(state.tool, task.result(state.kept, value), selection)
            return described(progress, { result: whole(successResult(result)) })
          })
      })
    )

  /**
   * Ends the work of a task, where it is the task's own, by tools that are offered. Whether it ended is seen by `get`.
   * Fails if the work may go on.
   */
  const cancel = (taskId: string, selection: Selection) =>
    Effect.flatMap(
      find(taskId),
      Option.match({
        onNone: () => Effect.succeed(false),
        onSome: ({ state, task }) =>
          Effect.gen(function* () {
            const tools = yield* ToolRegistry
            const calls = task.cancel?.(state.watch.args) ?? []
            const failures = yield* Effect.forEach(
              calls,
              ({ args, tool }) => Effect.flip(Effect.asVoid(tools.call(tool, args, selection))).pipe(Effect.option),
              { concurrency: 5 }
            )
            const failure = failures.flatMap(Option.toArray).find(mayGoOn)
            if (failure !== undefined) return yield* failure
            return true
          })
      })
    )

  const isKnown = (taskId: string) => Effect.map(find(taskId), Option.isSome)

  return { begin, cancel, get, isKnown, unknownTask } as const
}

export type Tasks = ReturnType<typeof makeTasks>

/** Refuses a request about tasks from a client that does not know them. */
export const requireTasks = (ctx: ServerContext): void => {
  if (takesTasks(ctx)) return
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } })
}
