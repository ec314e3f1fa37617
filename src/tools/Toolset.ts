import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Credentials } from "../sequentum/Credentials.ts"
import { invalidArguments, oversized } from "./arguments.ts"
import { inputSchema, outputSchema, type ObjectSchema } from "./jsonSchema.ts"
import { makeArgumentsReader } from "./readArguments.ts"
import type { AnyDeclaration, Declaration, JsonObject, ToolDescriptor, ToolError } from "./Tool.ts"

/** Carries a tool out. Its arguments are checked; what it fails with becomes a result with `isError`. */
export type Handler<In, Out> = (args: In) => Effect.Effect<Out, ToolError, Credentials>

/** Checks the arguments of a tool and carries it out. Bad arguments change nothing. */
export type Call = (args: unknown) => Effect.Effect<JsonObject, ToolError, Credentials>

type Shape = Readonly<Record<string, { readonly in: unknown; readonly out: JsonObject }>>

type Declarations<S extends Shape> = { readonly [Name in keyof S]: Declaration<S[Name]["in"], S[Name]["out"]> }

/** A handler for each declared tool. */
export type Handlers<S extends Shape> = { readonly [Name in keyof S]: Handler<S[Name]["in"], S[Name]["out"]> }

type ShapeOf<D extends Readonly<Record<string, AnyDeclaration>>> = {
  readonly [Name in keyof D]: {
    readonly in: Schema.Schema.Type<D[Name]["input"]>
    readonly out: Schema.Schema.Type<D[Name]["output"]>
  }
}

/** The handlers of the toolset `Id`, as a service. */
export interface ToolHandlers<out Id extends string> {
  readonly _: unique symbol
  readonly id: Id
}

/** Tools of one kind: declared as data, carried out by handlers that a Layer provides. */
export interface Toolset<Id extends string, S extends Shape> {
  readonly id: Id
  /** What the toolset is for, in a few words without a full stop. */
  readonly summary: string
  readonly declarations: Declarations<S>
  /** The tools in the order of their declarations. Needs no handler. */
  readonly tools: ReadonlyArray<ToolDescriptor>
  /** Types handlers against the declarations. */
  readonly of: (handlers: Handlers<S>) => Handlers<S>
  /** A Layer of the handlers. The Effect takes the services that they close over, once. */
  readonly toLayer: <E, R>(handlers: Effect.Effect<Handlers<S>, E, R>) => Layer.Layer<ToolHandlers<Id>, E, R>
  /** The tools' calls by name. */
  readonly calls: Effect.Effect<ReadonlyMap<string, Call>, never, ToolHandlers<Id>>
}

/** JSON Schemas are generated when first asked for: a start must not pay for them. */
const describe = <In, Out>(toolset: string, name: string, declared: Declaration<In, Out>): ToolDescriptor => {
  let input: ObjectSchema | undefined
  let output: ObjectSchema | undefined
  return {
    name,
    toolset,
    title: declared.title,
    description: declared.description,
    annotations: declared.annotations,
    scope: declared.scope,
    bound: declared.bound,
    get inputSchema() {
      return (input ??= inputSchema(declared.input))
    },
    get outputSchema() {
      return (output ??= outputSchema(declared.output))
    }
  }
}

const makeCall = <In, Out extends JsonObject>(
  tool: ToolDescriptor,
  { input }: Declaration<In, Out>,
  handler: Handler<In, Out>
): Call => {
  const read = makeArgumentsReader(input)
  const decode = Schema.decodeUnknownEither(input, { errors: "all", onExcessProperty: "error" })
  return (given) => {
    const refused = oversized(tool.name, given)
    if (refused !== undefined) return refused
    const args = read(given)
    return Either.match(decode(args), {
      onLeft: (error) => Effect.fail(invalidArguments(tool.name, tool.inputSchema, args, error)),
      onRight: handler
    })
  }
}

const build = <Id extends string, S extends Shape>(
  id: Id,
  summary: string,
  declarations: Declarations<S>
): Toolset<Id, S> => {
  const tag = Context.GenericTag<ToolHandlers<Id>, Handlers<S>>(`sequentum/tools/${id}`)
  const toolOf = <Name extends keyof S & string>(name: Name): readonly [Name, ToolDescriptor] => [
    name,
    describe(id, name, declarations[name])
  ]
  const entries = Object.keys(declarations).map((name) => toolOf(name))
  const callOf = <Name extends keyof S & string>(
    [name, tool]: readonly [Name, ToolDescriptor],
    handlers: Handlers<S>
  ): readonly [Name, Call] => [name, makeCall(tool, declarations[name], handlers[name])]
  return {
    id,
    summary,
    declarations,
    tools: entries.map(([, tool]) => tool),
    of: (handlers) => handlers,
    toLayer: (handlers) => Layer.effect(tag, handlers),
    calls: Effect.map(tag, (handlers) => new Map(entries.map((entry) => callOf(entry, handlers))))
  }
}

/**
 * Declares tools of one kind. A handler that is missing, gives a result of another shape or reads an argument that is
 * not declared does not compile.
 */
export const make = <const Id extends string, const D extends Readonly<Record<string, AnyDeclaration>>>(
  id: Id,
  summary: string,
  declarations: D
): Toolset<Id, ShapeOf<D>> => build<Id, ShapeOf<D>>(id, summary, declarations)
