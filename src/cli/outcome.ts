import * as Predicate from "effect/Predicate"
import { meaningOf, type SequentumError } from "../sequentum/errors.ts"
import type { Problem } from "../serve/runMain.ts"
import type { UnknownTool } from "../tools/errors.ts"
import type { JsonObject, ToolError } from "../tools/Tool.ts"

const upstreamProblem = (error: SequentumError): Problem => {
  const { outcome, retryable } = meaningOf(error)
  // A script that repeats such a call may do the same thing twice, so this is no "try later".
  if (error.method !== "GET" && outcome === "unknown") return "failed"
  switch (error._tag) {
    case "NotFound":
      return "notFound"
    case "Unauthorized":
    case "Forbidden":
    case "Conflict":
    case "Rejected":
      return "refused"
    case "ConnectionFailed":
    case "DownloadRefused":
      return "network"
    default:
      return retryable ? "tryLater" : "failed"
  }
}

/** The kind of problem that a failed call is for a script. */
export const callProblem = (error: ToolError | UnknownTool): Problem => {
  switch (error._tag) {
    case "InvalidArguments":
    case "UnknownTool":
      return "usage"
    case "ConfirmationNeeded":
      return "refused"
    case "OutcomeUnknown":
    case "ToolFailure":
      return "failed"
    default:
      return upstreamProblem(error)
  }
}

/** What was waited for: the results of a wait, one or several. */
const waitedFor = (name: string, args: JsonObject, value: JsonObject): ReadonlyArray<JsonObject> => {
  const waits = name.startsWith("wait_for_") || Object.hasOwn(args, "waitSeconds")
  if (!waits) return []
  const { runs } = value
  return Array.isArray(runs) ? runs.filter(Predicate.isReadonlyRecord) : [value]
}

const hasEnded = ({ isFinal, run }: JsonObject): boolean =>
  isFinal !== false && !(Predicate.isReadonlyRecord(run) && run["isFinal"] === false)

const goodEnds: ReadonlySet<unknown> = new Set(["Success", "Completed", "completed"])

const statusOf = ({ run, status }: JsonObject): unknown =>
  Predicate.isReadonlyRecord(run) ? (run["status"] ?? status) : status

/** What a wait that was answered means for a script: one sentence and its kind; undefined if all is well. */
export const waitProblem = (
  name: string,
  args: JsonObject,
  value: JsonObject,
  failOnFailure: boolean
): { readonly line: string; readonly problem: Problem } | undefined => {
  const waited = waitedFor(name, args, value)
  if (!waited.every(hasEnded)) {
    return { line: "It has not ended yet: repeat the call to go on waiting.", problem: "unfinished" }
  }
  return failOnFailure && !waited.every((one) => goodEnds.has(statusOf(one)))
    ? { line: "It did not end with success.", problem: "failed" }
    : undefined
}
