import type * as Effect from "effect/Effect"
import type { JsonObject } from "../tools/Tool.ts"

/** The variables that a resource URI may contain. Each is an id. */
const variables = ["agentId", "runId", "spaceId"] as const
export type Variable = (typeof variables)[number]

/** The values of the variables of a URI. */
export type Variables = Readonly<Partial<Record<Variable, number>>>

/** The variables of a URI template, in the order they appear in it. */
export const variablesOf = (uri: string): ReadonlyArray<Variable> =>
  variables
    .filter((name) => uri.includes(`{${name}}`))
    .sort((left, right) => uri.indexOf(`{${left}}`) - uri.indexOf(`{${right}}`))

/**
 * A resource, or a resource template if its URI contains variables. A read calls a tool with fixed arguments, so a
 * resource and its tool always agree.
 */
export interface Resource {
  /** `sequentum://...`, with `{variable}` in a template. */
  readonly uri: string
  readonly name: string
  readonly title: string
  readonly description: string
  /** The tool that a read calls. The resource is offered only if its tool is. */
  readonly tool: string
  readonly args: (variables: Variables) => Effect.Effect<JsonObject>
}
