import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { makePerCaller } from "../../runtime/perCaller.ts"
import { Credentials } from "../../sequentum/Credentials.ts"
import { seconds } from "../../sequentum/errors.ts"
import type { StartOptions } from "../../sequentum/Runs.ts"
import type { AgentId } from "../../sequentum/schemas/common.ts"
import { canonical } from "../canonical.ts"
import { InvalidArguments, ToolFailure } from "../errors.ts"
import { parseJsonObject } from "../jsonText.ts"
import type { ToolError } from "../Tool.ts"

/** How long after a start an equal one is answered with its run. */
const remembered = Duration.toMillis(Duration.minutes(1))

/** How many starts of a caller are remembered. */
const maxRemembered = 100

/** The inputs of a start by name, from their JSON text. */
export const inputsOf = (inputParameters: string | undefined): Readonly<Record<string, unknown>> =>
  Option.getOrElse(parseJsonObject(inputParameters ?? ""), () => ({}))

/** Numbers that JavaScript rounds, so that two of them could become the same. */
const longNumber = /\d{16}/u

/** A start by its agent and arguments. Only a digest is kept, since inputs may hold secrets. */
export const startKey = (
  agentId: AgentId,
  { inputParameters, ...options }: StartOptions,
  syncTimeout: number | undefined
) => {
  const inputs =
    inputParameters !== undefined && longNumber.test(inputParameters) ? inputParameters : inputsOf(inputParameters)
  return createHash("sha256")
    .update(canonical([agentId, options, syncTimeout ?? null, inputs]))
    .digest("base64")
}

/** A start that this process is making, or has made. */
type Start<A> =
  | { readonly _tag: "UnderWay"; readonly answer: Deferred.Deferred<A, ToolError> }
  /** `at` is when it was answered, in milliseconds of monotonic time. */
  | { readonly _tag: "Made"; readonly at: number; readonly value: A }

/** The answer to a start. */
export interface Answered<A> {
  readonly value: A
  /** `made` by this call or by an equal one that this call `joined`; else the seconds since an equal one was answered. */
  readonly by: "made" | "joined" | number
}

const cancelled = new ToolFailure({
  message:
    "An equal start was under way, and this call joined it. It was cancelled before its answer came, so it is not known whether a run was started. Use get_agent_runs to see whether there is a new one before starting again."
})

/**
 * Keeps equal starts of a caller from making two runs: one that is under way is joined, and one that was made within
 * the last minute answers those that follow. A start that failed, or whose outcome is not known, is forgotten. Other
 * processes know nothing of it. `keep` is what is remembered of an answer.
 */
export const makeStarts = <A>(keep: (answer: A) => A) => {
  const startsOf = makePerCaller(() => new Map<string, Start<A>>())

  /** Forgets starts that were answered a minute ago and, of too many, those that are oldest. */
  const forget = (starts: Map<string, Start<A>>, now: number) => {
    for (const [key, start] of starts) {
      if (start._tag === "Made" && (now - start.at >= remembered || starts.size >= maxRemembered)) starts.delete(key)
    }
  }

  /** Makes a start, unless an equal one is known; `another` makes it in any case. */
  const once = <R>(
    key: string,
    make: Effect.Effect<A, ToolError, R>,
    { another }: { readonly another: boolean }
  ): Effect.Effect<Answered<A>, ToolError, R | Credentials> =>
    Effect.gen(function* () {
      const caller = yield* Credentials
      const clock = yield* Effect.clock
      const starts = startsOf(caller.account ?? caller)
      const now = monotonicMillis(clock)
      forget(starts, now)
      const equal = another ? undefined : starts.get(key)
      if (equal?._tag === "Made") {
        return { value: equal.value, by: Math.max(1, Math.round((now - equal.at) / 1000)) }
      }
      if (equal !== undefined) return { value: yield* Deferred.await(equal.answer), by: "joined" }
      const start: Start<A> = { _tag: "UnderWay", answer: yield* Deferred.make<A, ToolError>() }
      starts.delete(key)
      starts.set(key, start)
      const value = yield* Effect.onExit(make, (exit) => {
        // A start that was made in any case may have taken its place.
        if (starts.get(key) === start) {
          starts.delete(key)
          if (Exit.isSuccess(exit))
            starts.set(key, { _tag: "Made", at: monotonicMillis(clock), value: keep(exit.value) })
        }
        return Deferred.done(start.answer, Exit.isInterrupted(exit) ? Exit.fail(cancelled) : exit)
      })
      return { value, by: "made" }
    })

  return { once }
}

/** Says that a start made no run of its own; undefined if it made one. */
export const equalStart = (by: Answered<unknown>["by"]): string | undefined => {
  if (by === "made") return undefined
  return by === "joined"
    ? "An equal start was under way, and this is its answer: no second run was started."
    : `An equal start was made ${seconds(by)} ago, so no second run was started: the run shown is the first one's. To start one more, set startAnother.`
}

/** The most input names that a refusal lists. */
const maxNames = 20

const quoted = (names: ReadonlyArray<string>) => {
  const shown = names.slice(0, maxNames).map((name) => JSON.stringify(name.slice(0, 60)))
  return `${shown.join(", ")}${names.length > maxNames ? ` and ${names.length - maxNames} more` : ""}`
}

/** Refuses input names that are not among the `known` ones. An agent that lists none may take any. */
export const checkInputNames = (
  tool: string,
  agentId: AgentId,
  names: ReadonlyArray<string>,
  known: ReadonlyArray<string>
): Effect.Effect<void, InvalidArguments> => {
  const unknown = known.length === 0 ? [] : names.filter((name) => !known.includes(name))
  return unknown.length === 0
    ? Effect.void
    : new InvalidArguments({
        tool,
        problems: [
          `inputParameters has ${quoted(unknown)}, but agent ${agentId} lists only ${quoted(known)}. Names count as written. If the agent takes others too, set allowUnknownInputs.`
        ]
      })
}
