import type * as Effect from "effect/Effect"
import type { JsonObject } from "../tools/Tool.ts"

/** What the variables of a resource's URI may be. */
export type Variable = "agentId" | "runId" | "spaceId"

/** The values of a URI's variables; all are ids. */
export type Variables = Readonly<Partial<Record<Variable, number>>>

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
