import type * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import { allTools } from "../../tools/registry.ts"
import { everything, narrow, select, type Selection } from "../../tools/selection.ts"

const names = (value: string | undefined) =>
  value
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

const yes: ReadonlySet<string> = new Set(["1", "true", "yes", "on"])
const no: ReadonlySet<string> = new Set(["0", "false", "no", "off"])

/** The tools that the `X-MCP-*` headers select. Fails with one sentence per invalid header. */
const headerSelection = (headers: Headers.Headers): Either.Either<Selection, ReadonlyArray<string>> => {
  const toolsets = names(headers["x-mcp-toolsets"])
  const tools = names(headers["x-mcp-tools"])
  const excludeTools = names(headers["x-mcp-exclude-tools"])
  const readOnly = headers["x-mcp-readonly"]?.trim().toLowerCase()
  if (toolsets === undefined && tools === undefined && excludeTools === undefined && readOnly === undefined) {
    return Either.right(everything)
  }
  if (readOnly !== undefined && !yes.has(readOnly) && !no.has(readOnly)) {
    return Either.left(["X-MCP-Readonly must be true or false."])
  }
  return select({ toolsets, tools, excludeTools, readOnly: yes.has(readOnly ?? "") }, allTools)
}

/** The tools that a request selects among those that the operator offers. Fails with one sentence per invalid header. */
export const narrowed = (
  operator: Selection,
  headers: Headers.Headers
): Either.Either<Selection, ReadonlyArray<string>> =>
  Either.map(headerSelection(headers), (own) => (own === everything ? operator : narrow(operator, own)))
