import type * as Effect from "effect/Effect"
import type { JsonObject } from "../tools/Tool.ts"

/** The variables that a resource's URI may have. Each is an id. */
const variables = ["agentId", "runId", "spaceId"] as const
export type Variable = (typeof variables)[number]

/** The values of a URI's variables. */
export type Variables = Readonly<Partial<Record<Variable, number>>>

/** The variables of a URI template, in the order in which they stand in it. */
export const variablesOf = (uri: string): ReadonlyArray<Variable> =>
  variables
    .filter((name) => uri.includes(`{${name}}`))
    .sort((left, right) => uri.indexOf(`{${left}}`) - uri.indexOf(`{${right}}`))

/**
 * One resource, or with variables in its URI a template of resources. A read is a tool's call with fixed arguments, so
 * that a resource and its tool never tell different things.
 */
export interface Resource {
  /** `sequentum://...`, with `{variable}` where it is a template. */
  readonly uri: string
  readonly name: string
  readonly title: string
  readonly description: string
  /** The tool that is called; a resource is offered only with its tool. */
  readonly tool: string
  readonly args: (variables: Variables) => Effect.Effect<JsonObject>
}
