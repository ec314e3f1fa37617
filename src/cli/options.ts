import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Stop } from "../serve/runMain.ts"
import { flags, type Flag } from "./flags.ts"

const given = ({ doc, name }: Flag) => Options.boolean(name).pipe(Options.withDescription(doc))

const text = ({ doc, name }: Flag) => Options.text(name).pipe(Options.withDescription(doc), Options.optional)

/** A decimal number that the check takes; else the flag is refused with what it must be. */
const number = (flag: Flag, isGood: (value: number) => boolean, mustBe: string, fallback: number) =>
  Options.text(flag.name).pipe(
    Options.filterMap(
      (word) => Option.filter(Option.some(Number(word)), (value) => /^\d+(?:\.\d+)?$/u.test(word) && isGood(value)),
      `--${flag.name} must be ${mustBe}.`
    ),
    Options.withDescription(flag.doc),
    Options.withDefault(fallback)
  )

const whole = (flag: Flag, least: number, most: number, fallback: number) =>
  number(
    flag,
    (value) => Number.isInteger(value) && value >= least && value <= most,
    `a whole number from ${least} to ${most}`,
    fallback
  )

/** Flags that shape a sandbox. */
export const sandboxShape = {
  speed: number(flags.sandboxSpeed, (value) => value > 0 && value <= 100_000, "a number above 0 and at most 100000", 1),
  rateLimit: whole(flags.sandboxRateLimit, 1, 1_000_000, 100)
}

/** Where the sandbox listens when it is served alone. */
export const sandboxPort = whole(flags.sandboxPort, 0, 65_535, 4010)

/** Flags that put a sandbox in the place of Sequentum. */
export const sandboxOptions = { sandbox: given(flags.sandbox), ...sandboxShape }

/** Flags that choose what is offered. */
export const selectionOptions = {
  toolsets: text(flags.toolsets),
  tools: text(flags.tools),
  excludeTools: text(flags.excludeTools),
  readOnly: given(flags.readOnly)
}

/** Where MCP is served over HTTP. The settings check the values. */
export const addressOptions = { host: text(flags.host), port: text(flags.httpPort) }

/** Whether to print for a program. */
export const jsonOption = given(flags.json)

/** Settings that flags override, by the name of their variable. */
export type Overrides = ReadonlyMap<string, string>

type Word = Option.Option<string>

const overridesFrom = (words: Readonly<Record<string, Word>>): Overrides =>
  new Map(
    Object.entries(words).flatMap(([name, word]): ReadonlyArray<readonly [string, string]> =>
      Option.isSome(word) ? [[name, word.value]] : []
    )
  )

interface Selection {
  readonly toolsets: Word
  readonly tools: Word
  readonly excludeTools: Word
  readonly readOnly: boolean
}

/** What the selection flags override. */
export const selectionOverrides = ({ excludeTools, readOnly, tools, toolsets }: Selection): Overrides =>
  overridesFrom({
    SEQUENTUM_TOOLSETS: toolsets,
    SEQUENTUM_TOOLS: tools,
    SEQUENTUM_EXCLUDE_TOOLS: excludeTools,
    SEQUENTUM_READ_ONLY: readOnly ? Option.some("true") : Option.none()
  })

/** What serving over HTTP overrides. */
export const httpOverrides = ({ host, port }: { readonly host: Word; readonly port: Word }): Overrides =>
  overridesFrom({ TRANSPORT_MODE: Option.some("http"), HOST: host, PORT: port })

interface Shape {
  readonly speed: number
  readonly rateLimit: number
}

/** Starts a sandbox in the scope and gives its URL. Fails with Stop when the port can't be had. */
export const startSandbox = ({ rateLimit, speed }: Shape, port = 0) =>
  Effect.gen(function* () {
    const { serve } = yield* Effect.promise(() => import("../sandbox/server.ts"))
    return yield* Effect.mapError(
      serve({ speed, rateLimitPerMinute: rateLimit, port }),
      () => new Stop({ lines: [`The sandbox can't listen on 127.0.0.1:${port}: is it taken? Choose another --port.`] })
    )
  })

/**
 * Gives `use` the overrides, with a sandbox of its own in the place of Sequentum when that is asked for. A real key is
 * never sent to it.
 */
export const withSandbox = <A, E, R>(
  { sandbox, ...shape }: Shape & { readonly sandbox: boolean },
  overrides: Overrides,
  use: (overrides: Overrides) => Effect.Effect<A, E, R>
) =>
  sandbox
    ? Effect.scoped(
        Effect.flatMap(startSandbox(shape), ({ url }) =>
          use(new Map([...overrides, ["SEQUENTUM_API_URL", url], ["SEQUENTUM_API_KEY", "sandbox"]]))
        )
      )
    : use(overrides)
