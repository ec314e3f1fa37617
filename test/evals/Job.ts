import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { overSandbox, type Ask } from "../support/sandbox.ts"
import { whileTimePasses } from "../support/time.ts"

/** Calls a tool as an assistant. A failure is a defect: a good assistant has none. */
export type Use = (tool: string, args?: JsonObject) => Effect.Effect<JsonObject>

/** The right answer, and what the account must look like afterwards. */
export interface Right {
  /** What the assistant must answer, or how to work that out after it is done. */
  readonly answer?: unknown
  readonly answerAfter?: (ask: Ask) => Effect.Effect<unknown>
  /** Looks at the account after the assistant. Absent: only the answer counts. */
  readonly after?: (ask: Ask) => Effect.Effect<{ readonly came: unknown; readonly right: unknown }>
  /** Calls that the request takes beyond `mayTake`: one for each thing that it changes. */
  readonly changes?: number
}

/** A request in plain words. */
export interface Job {
  readonly request: string
  /** Calls that it may take. */
  readonly mayTake: number
  /** Makes the situation, and works out the right answer from the sandbox's own API. */
  readonly right: (ask: Ask) => Effect.Effect<Right>
  /** Tools that the assistant uses and, as `tool.parameter`, what of them is not obvious. */
  readonly uses: ReadonlyArray<string>
  /** The calls of a good assistant, and its answer. */
  readonly assistant: (use: Use) => Effect.Effect<unknown>
}

/** How a job went. */
export interface Outcome {
  readonly request: string
  readonly calls: number
  readonly mayTake: number
  readonly bytes: number
  /** What is wrong, one sentence each. */
  readonly problems: ReadonlyArray<string>
}

const offered = new Set(
  allTools.flatMap(({ inputSchema, name }) => [
    name,
    ...Object.keys(Object(inputSchema["properties"])).map((parameter) => `${name}.${parameter}`)
  ])
)

/** Tools and parameters of a job that do not exist. */
export const missing = ({ uses }: Job): ReadonlyArray<string> => uses.filter((name) => !offered.has(name))

/** The first half of the rows: a fault that no schema shows. */
const spoilt = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, Math.floor(value.length / 2)).map(spoilt)
  if (typeof value === "number" && !Number.isInteger(value)) return value * 2
  return Predicate.isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, spoilt(member)]))
    : value
}

const spoiltObject = (result: JsonObject): JsonObject => {
  const spoiled = spoilt(result)
  return Predicate.isRecord(spoiled) ? spoiled : result
}

const firstLine = (text: string) => text.split("\n", 1)[0] ?? ""

const shown = (value: unknown) => JSON.stringify(value) ?? "nothing"

/** Of lists only the items that are not in the other. */
const aside = (value: unknown, other: unknown): unknown => {
  if (!Array.isArray(value) || !Array.isArray(other)) return value
  const others = new Set(other.map(shown))
  const odd = value.filter((item) => !others.has(shown(item)))
  return odd.length === 0 ? value : odd
}

const difference = (what: string, came: unknown, right: unknown): ReadonlyArray<string> =>
  shown(came) === shown(right)
    ? []
    : [`${what} has ${shown(aside(came, right))}, and should have ${shown(aside(right, came))}.`]

/** Carries a job out on a new sandbox. `broken` is a tool whose results lose half of their rows. */
export const carryOut = (job: Job, broken?: string) =>
  Effect.gen(function* () {
    const { ask, call } = yield* overSandbox()
    const right = yield* job.right(ask)
    let calls = 0
    let bytes = 0
    const use: Use = (tool, args = {}) =>
      Effect.gen(function* () {
        calls += 1
        const ended = yield* whileTimePasses(Effect.either(call(tool, args)))
        if (Either.isLeft(ended)) {
          return yield* Effect.dieMessage(`${tool} ${shown(args)} failed: ${shown(ended.left)}`)
        }
        bytes += Buffer.byteLength(JSON.stringify(ended.right))
        return tool === broken ? spoiltObject(ended.right) : ended.right
      })
    const answer = yield* Effect.either(Effect.sandbox(job.assistant(use)))
    const rightAnswer = right.answerAfter === undefined ? right.answer : yield* right.answerAfter(ask)
    const mayTake = job.mayTake + (right.changes ?? 0)
    const after = right.after === undefined ? undefined : yield* right.after(ask)
    const outcome: Outcome = {
      request: job.request,
      calls,
      mayTake,
      bytes,
      problems: [
        ...(Either.isLeft(answer)
          ? [`It broke off: ${firstLine(Cause.pretty(answer.left))}`]
          : difference("The answer", answer.right, rightAnswer)),
        ...(after === undefined ? [] : difference("The account", after.came, after.right)),
        ...(calls > mayTake ? [`It took ${calls} calls, and may take ${mayTake}.`] : [])
      ]
    }
    return outcome
  }).pipe(Effect.scoped)
