import * as Either from "effect/Either"

/** Which tools to offer. An absent list means all. */
export interface SelectionRequest {
  readonly toolsets?: ReadonlyArray<string> | undefined
  readonly tools?: ReadonlyArray<string> | undefined
  readonly excludeTools?: ReadonlyArray<string> | undefined
  readonly readOnly?: boolean | undefined
}

interface Selectable {
  readonly name: string
  readonly toolset: string
  readonly annotations: { readonly readOnlyHint: boolean }
}

/** Decides whether a tool is offered. */
export type Selection = (tool: Selectable) => boolean

export const everything: Selection = () => true

/** A sentence if some of the names given are not valid; it lists those that are. */
export const unknownNames = (
  kind: string,
  given: ReadonlyArray<string> = [],
  valid: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const unknown = [...new Set(given)].filter((name) => !valid.includes(name))
  return unknown.length === 0
    ? []
    : [
        `Unknown ${kind}: ${unknown.map((name) => JSON.stringify(name.slice(0, 60))).join(", ")}. Valid: ${valid.join(", ")}.`
      ]
}

/**
 * Turns a request into a selection. `toolsets` and `tools` add up; exclusions win over inclusions; read-only overrides everything.
 * Fails with one sentence for each kind of unknown name.
 */
export const select = (
  request: SelectionRequest,
  tools: ReadonlyArray<Selectable>
): Either.Either<Selection, ReadonlyArray<string>> => {
  const names = tools.map(({ name }) => name)
  const toolsets = [...new Set(tools.map(({ toolset }) => toolset))]
  const problems = [
    ...unknownNames("toolset", request.toolsets, toolsets),
    ...unknownNames("tool", request.tools, names),
    ...unknownNames("tool to exclude", request.excludeTools, names)
  ]
  if (problems.length > 0) return Either.left(problems)
  const all = request.toolsets === undefined && request.tools === undefined
  const included = (tool: Selectable) =>
    all || (request.toolsets ?? []).includes(tool.toolset) || (request.tools ?? []).includes(tool.name)
  const excluded = new Set(request.excludeTools)
  return Either.right(
    (tool) => included(tool) && !excluded.has(tool.name) && (request.readOnly !== true || tool.annotations.readOnlyHint)
  )
}

/** Offers only what both selections offer: a caller can narrow what the operator set, never widen it. */
export const narrow =
  (outer: Selection, inner: Selection): Selection =>
  (tool) =>
    outer(tool) && inner(tool)
