import type { NonEmptyReadonlyArray } from "effect/Array"
import type { JsonObject, ToolAnnotations } from "../../src/tools/Tool.ts"
import type { Answer } from "../support/http.ts"

/** A request that a call sends, and how Sequentum answers. */
export interface Exchange {
  /** `GET /agent/all?pageIndex=1`: without `/api/v1`, the query sorted by name. */
  readonly request: string
  /** JSON body of the request. */
  readonly sends?: JsonObject
  readonly answer: Answer
}

/** Arguments that a tool refuses before it sends anything. */
export interface Refusal {
  readonly arguments: JsonObject
  /** One sentence for each problem. The clock is at 2026-03-11T12:00:00Z. */
  readonly problems: NonEmptyReadonlyArray<string>
}

/** All that the generic tests need to know of a tool. */
export interface ToolCase {
  readonly annotations: ToolAnnotations
  /** Valid arguments. */
  readonly arguments: JsonObject
  /** What a call with these arguments sends. Retries aside, it sends nothing else. */
  readonly exchanges: ReadonlyArray<Exchange>
  /** What the call returns. */
  readonly result: JsonObject
  /** At least one. */
  readonly refuses: ReadonlyArray<Refusal>
  /** Calls that succeed on a new sandbox. A tool that needs a session of its own is called in sandbox.test.ts. */
  readonly sandbox?: ReadonlyArray<JsonObject>
  /** Of a tool that changes something: every parameter, with a value that the schema allows. */
  readonly everyArgument?: JsonObject
  /** Whether Sequentum's answer carries nothing, so that any JSON will do which does not say failure. */
  readonly expectsNothing?: true
}

/** A case for each tool of a toolset, in the order in which they are listed. */
export type Cases<Toolset extends { readonly declarations: object }> = {
  readonly [Name in keyof Toolset["declarations"]]: ToolCase
}

/** Annotations of a tool that only reads. */
export const reads: ToolAnnotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: true }

/** Annotations of a tool that changes something. */
export const changes = (hints: Omit<Required<ToolAnnotations>, "readOnlyHint">): ToolAnnotations => ({
  readOnlyHint: false,
  ...hints
})

export const refusal = (args: JsonObject, ...problems: NonEmptyReadonlyArray<string>): Refusal => ({
  arguments: args,
  problems
})

/** Periods that no tool accepts, added to other arguments. */
export const badPeriods = (args: JsonObject = {}): ReadonlyArray<Refusal> => [
  refusal(
    { ...args, startDate: "2026-03-10", endDate: "2026-03-09" },
    "startDate must not be after endDate, but 2026-03-10 is after 2026-03-09."
  ),
  ...["2026-02-30", "yesterday", "2026-3-1", "2026-03-01T25:00:00Z", " 2026-03-01", "01/03/2026"].map((startDate) =>
    refusal(
      { ...args, startDate },
      `startDate must be an ISO 8601 date such as 2026-01-31, or 2026-01-31T06:00:00Z, but was ${JSON.stringify(startDate)}.`
    )
  )
]

/** Agents of the sandbox, as different as it has them. */
export const sandboxAgents = [4101, 4102, 4203, 4204, 4205, 4301, 4303, 4305, 4401]

/** A run of the sandbox that has ended, and its CSV file. */
export const sandboxRun = { agentId: 4101, runId: 1_204_567 }
export const sandboxFile = { ...sandboxRun, fileId: 12_045_671 }

/** A month in which the sandbox's account was busy. */
export const sandboxMonth = { startDate: "2026-02-11", endDate: "2026-03-11" }
