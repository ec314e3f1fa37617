import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Credentials } from "../sequentum/Credentials.ts"
import * as Deadline from "../sequentum/Deadline.ts"
import { invalidArguments, oversized } from "./arguments.ts"
import { Confirm, IsConfirmed } from "./Confirm.ts"
import { inputSchema, outputSchema, type ObjectSchema } from "./jsonSchema.ts"
import { makeArgumentsReader } from "./readArguments.ts"
import type { AnyDeclaration, Declaration, JsonObject, ToolDescriptor, ToolError } from "./Tool.ts"
import { makeTurns, type Turns } from "./turns.ts"

/** Carries a tool out. Its arguments are checked; what it fails with becomes a result with `isError`. */
export type Handler<In, Out> = (args: In) => Effect.Effect<Out, ToolError, Credentials>

/** Checks the arguments of a tool and carries it out. Bad arguments change nothing. */
export type Call = (args: unknown) => Effect.Effect<JsonObject, ToolError, Credentials>

/** Carries out a tool whose calls the user may have to confirm. */
export interface AskingHandler<In, Out> {
  /** The question to the user; none if this call needs no confirmation. It only reads. */
  readonly question: (args: In) => Effect.Effect<Option.Option<string>, ToolError, Credentials>
  /** What the question is about beside the arguments, such as the stored timing of a schedule. Absent: nothing. */
  readonly basis?: (args: In) => Effect.Effect<string, ToolError, Credentials>
  readonly call: Handler<In, Out>
  /** The result of a call that was not confirmed; `notice` says why nothing was done. */
  readonly declined: (args: In, notice: string) => Out
}

type Shape = Readonly<Record<string, { readonly in: unknown; readonly out: JsonObject; readonly asks: boolean }>>

type Declarations<S extends Shape> = { readonly [Name in keyof S]: Declaration<S[Name]["in"], S[Name]["out"]> }

type HandlersOf<S extends Shape> = {
  readonly [Name in keyof S]: Handler<S[Name]["in"], S[Name]["out"]> | AskingHandler<S[Name]["in"], S[Name]["out"]>
}

/** A handler for each declared tool. One that declares `confirms` has a question. */
export type Handlers<S extends Shape> = HandlersOf<S> & {
  readonly [Name in keyof S as S[Name]["asks"] extends true ? Name : never]: AskingHandler<
    S[Name]["in"],
    S[Name]["out"]
  >
}

type ShapeOf<D extends Readonly<Record<string, AnyDeclaration>>> = {
  readonly [Name in keyof D]: {
    readonly in: Schema.Schema.Type<D[Name]["input"]>
    readonly out: Schema.Schema.Type<D[Name]["output"]>
    readonly asks: D[Name] extends { readonly confirms: unknown } ? true : false
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
    task: declared.task,
    get inputSchema() {
      return (input ??= inputSchema(declared.input))
    },
    get outputSchema() {
      return (output ??= outputSchema(declared.output))
    }
  }
}

/** Time for a call whose user took long to answer. Clients give up a minute after the call began. */
const afterAnswer = Deadline.atLeast(Duration.seconds(10))

/** Asks first where the declaration says so, and carries the call out once it is confirmed. */
const confirming = <In, Out>(
  tool: string,
  { confirms }: Declaration<In, Out>,
  { basis = () => Effect.succeed(""), call, declined, question }: AskingHandler<In, Out>
): Handler<In, Out> => {
  return (args) =>
    confirms?.(args) === true
      ? Effect.flatMap(Confirm, ({ ask }) =>
          Effect.flatMap(
            ask({
              tool,
              args: Predicate.isRecord(args) ? args : {},
              question: question(args),
              basis: Effect.suspend(() => basis(args))
            }),
            (answer): Effect.Effect<Out, ToolError, Credentials> =>
              answer.confirmed
                ? Effect.provideService(afterAnswer(call(args)), IsConfirmed, answer.wasAsked)
                : Effect.succeed(declined(args, answer.reason))
          )
        )
      : call(args)
}

const makeCall = <In, Out extends JsonObject>(
  tool: ToolDescriptor,
  declaration: Declaration<In, Out>,
  given: Handler<In, Out> | AskingHandler<In, Out>,
  turns: Turns
): Call => {
  const { inTurn, input } = declaration
  const own = typeof given === "function" ? given : confirming(tool.name, declaration, given)
  const handler: typeof own = inTurn === undefined ? own : (args) => turns(inTurn(args))(own(args))
  const read = makeArgumentsReader(input)
  return (sent) => {
    const refused = oversized(tool.name, sent)
    if (refused !== undefined) return refused
    const args = read(sent)
    // Not beforehand: the decoders of all tools would cost each start 3 ms. Effect keeps this one by its schema.
    const decode = Schema.decodeUnknownEither(input, { errors: "all", onExcessProperty: "error" })
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
    handlers: Handlers<S>,
    turns: Turns
  ): readonly [Name, Call] => [name, makeCall(tool, declarations[name], handlers[name], turns)]
  return {
    id,
    summary,
    declarations,
    tools: entries.map(([, tool]) => tool),
    of: (handlers) => handlers,
    toLayer: (handlers) => Layer.effect(tag, handlers),
    calls: Effect.map(tag, (handlers) => {
      const turns = makeTurns()
      return new Map(entries.map((entry) => callOf(entry, handlers, turns)))
    })
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
