import type * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import { commaList, parseBoolean } from "../../config.ts"
import { allTools } from "../../tools/catalog/all.ts"
import { everything, narrow, select, type Selection } from "../../tools/selection.ts"

const names = (value: string | undefined) => (value === undefined ? undefined : commaList(value))

/** The tools that the `X-MCP-*` headers select. Fails with one sentence per invalid header. */
const headerSelection = (headers: Headers.Headers): Either.Either<Selection, ReadonlyArray<string>> => {
  const toolsets = names(headers["x-mcp-toolsets"])
  const tools = names(headers["x-mcp-tools"])
  const excludeTools = names(headers["x-mcp-exclude-tools"])
  const readOnly = headers["x-mcp-readonly"]
  if (toolsets === undefined && tools === undefined && excludeTools === undefined && readOnly === undefined) {
    return Either.right(everything)
  }
  return Either.flatMap(
    Either.mapLeft(parseBoolean(readOnly ?? "false"), (problem) => [`X-MCP-Readonly ${problem}.`]),
    (isReadOnly) => select({ toolsets, tools, excludeTools, readOnly: isReadOnly }, allTools)
  )
}

/** The tools that a request selects among those that the operator offers. Fails with one sentence per invalid header. */
export const narrowed = (
  operator: Selection,
  headers: Headers.Headers
): Either.Either<Selection, ReadonlyArray<string>> =>
  Either.map(headerSelection(headers), (own) => (own === everything ? operator : narrow(operator, own)))
