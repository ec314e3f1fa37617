import type * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import { allTools } from "../../tools/catalog/all.ts"
import { everything, narrow, select, type Selection } from "../../tools/selection.ts"

const names = (value: string | undefined) =>
  value
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

const truths: ReadonlySet<string> = new Set(["1", "true", "yes", "on"])
const falsehoods: ReadonlySet<string> = new Set(["0", "false", "no", "off"])

/** What the `X-MCP-*` headers of a request leave of the tools. Fails with a sentence for each that can't be used. */
export const headerSelection = (headers: Headers.Headers): Either.Either<Selection, ReadonlyArray<string>> => {
  const toolsets = names(headers["x-mcp-toolsets"])
  const tools = names(headers["x-mcp-tools"])
  const excludeTools = names(headers["x-mcp-exclude-tools"])
  const readOnly = headers["x-mcp-readonly"]?.trim().toLowerCase()
  if (toolsets === undefined && tools === undefined && excludeTools === undefined && readOnly === undefined) {
    return Either.right(everything)
  }
  if (readOnly !== undefined && !truths.has(readOnly) && !falsehoods.has(readOnly)) {
    return Either.left(["X-MCP-Readonly must be true or false."])
  }
  return select({ toolsets, tools, excludeTools, readOnly: truths.has(readOnly ?? "") }, allTools)
}

/** A request's own wish within what the operator offers. */
export const narrowed = (operator: Selection, headers: Headers.Headers) =>
  Either.map(headerSelection(headers), (own) => (own === everything ? operator : narrow(operator, own)))
