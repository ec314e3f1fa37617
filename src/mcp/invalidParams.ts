import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

/** Longest path to a value, in characters: its names come from the client. */
const maxPath = 100

const prefix = /^Invalid tools\/call request: (?=\[)/u

/** The first problem that the SDK's validator found, from the JSON that it has for a message. */
const firstIssue = (message: string): unknown => {
  const text = message.replace(prefix, "")
  if (!text.startsWith("[")) return undefined
  const issues = Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))
  return Array.isArray(issues) ? issues[0] : undefined
}

const pathText = (path: unknown) => (Array.isArray(path) ? path.map(String).join(".").slice(0, maxPath) : "")

/** What the validator calls each type. */
const typeNames: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "a boolean",
  int: "an integer",
  null: "null",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string"
}

const wrongType = /expected (\w+), received (\w+)$/u

const sentence = (at: string, problem: string) => {
  const [, expected = "", received = ""] = wrongType.exec(problem) ?? []
  const type = typeNames[expected]
  if (type === undefined) return `${at} is not valid.`
  return received === "undefined"
    ? `${at} must be ${type}, but is missing.`
    : `${at} must be ${type}, not ${typeNames[received] ?? received}.`
}

/** The error for params that the SDK's validator refused; undefined for any other error of a request handler. */
export const invalidParams = (method: string, error: unknown): ProtocolError | undefined => {
  const issue = error instanceof Error ? firstIssue(error.message) : undefined
  return Predicate.isRecord(issue) && Predicate.isString(issue["message"])
    ? new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `Invalid params for ${method}: ${sentence(pathText(issue["path"]), issue["message"])}`
      )
    : undefined
}
