import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { SequentumError } from "../sequentum/errors.ts"
import { invalidArguments, oversized } from "./arguments.ts"
import type { InvalidArguments, ToolFailure } from "./errors.ts"
import { inputSchema, outputSchema, type ObjectSchema } from "./jsonSchema.ts"

export const toolsets = [
  "agents",
  "runs",
  "files",
  "versions",
  "schedules",
  "billing",
  "spaces",
  "analytics",
  "builder"
] as const
export type Toolset = (typeof toolsets)[number]

/** OAuth scopes of the Sequentum API that calls need. */
export type Scope = "agents:read" | "agents:write" | "runs:read" | "spaces:read" | "spaces:write" | "billing:read"

/** What a client may tell its user before a call. */
export interface Hints {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly openWorldHint: boolean
  readonly idempotentHint?: boolean
}

/** Only reads. */
export const readOnly: Hints = { readOnlyHint: true, destructiveHint: false, openWorldHint: true }

/** Changes something; each kind of harm is given explicitly. */
export const writes = (hints: {
  readonly destructive: boolean
  readonly openWorld: boolean
  readonly idempotent?: boolean
}): Hints => ({
  readOnlyHint: false,
  destructiveHint: hints.destructive,
  openWorldHint: hints.openWorld,
  ...(hints.idempotent === undefined ? {} : { idempotentHint: hints.idempotent })
})

/** Which list of a result is shortened when it is too large, and how the caller gets the rest. */
export interface Bound {
  readonly list: string
  readonly rest: string
}

/** Everything that a tool's call can fail with. */
export type ToolError = SequentumError | InvalidArguments | ToolFailure

export type JsonObject = Readonly<Record<string, unknown>>

/** One tool: what a client sees of it and how it is carried out. `R` is what its handler needs. */
export interface Tool<out R> {
  readonly name: string
  readonly toolset: Toolset
  readonly title: string
  readonly description: string
  readonly hints: Hints
  readonly scope: Scope
  readonly bound: Bound | undefined
  readonly inputSchema: ObjectSchema
  readonly outputSchema: ObjectSchema
  /** Checks the arguments and carries the call out. Bad arguments change nothing. */
  readonly call: (args: unknown) => Effect.Effect<JsonObject, ToolError, R>
}

interface Definition<Name extends string, In, InEncoded, Out extends JsonObject, R> {
  readonly name: Name
  readonly toolset: Toolset
  readonly title: string
  readonly description: string
  readonly hints: Hints
  readonly scope: Scope
  readonly bound?: Bound
  readonly input: Schema.Schema<In, InEncoded>
  /** What a result is made of: plain JSON, so that it needs no encoding. */
  readonly output: Schema.Schema<Out>
  readonly handler: (args: In) => Effect.Effect<Out, ToolError, R>
}

/** Makes a tool. Its JSON Schemas are generated when first asked for, since a start must not pay for them. */
export const make = <Name extends string, In, InEncoded, Out extends JsonObject, R>(
  definition: Definition<Name, In, InEncoded, Out, R>
): Tool<R> => {
  const decode = Schema.decodeUnknownEither(definition.input, { errors: "all", onExcessProperty: "error" })
  let input: ObjectSchema | undefined
  let output: ObjectSchema | undefined
  const tool = {
    name: definition.name,
    toolset: definition.toolset,
    title: definition.title,
    description: definition.description,
    hints: definition.hints,
    scope: definition.scope,
    bound: definition.bound,
    get inputSchema() {
      return (input ??= inputSchema(definition.input))
    },
    get outputSchema() {
      return (output ??= outputSchema(definition.output))
    },
    call: (args: unknown) => {
      const refused = oversized(definition.name, args)
      if (refused !== undefined) return refused
      return Either.match(decode(args), {
        onLeft: (error) => Effect.fail(invalidArguments(definition.name, tool.inputSchema, args, error)),
        onRight: definition.handler
      })
    }
  }
  return tool
}
