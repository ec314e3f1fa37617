import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Stop } from "../run.ts"

const flag = (name: string, description: string) => Options.boolean(name).pipe(Options.withDescription(description))

const text = (name: string, value: string, description: string) =>
  Options.text(name).pipe(Options.withPseudoName(value), Options.withDescription(description), Options.optional)

const speed = Options.float("sandbox-speed").pipe(
  Options.withDescription("How many times faster than life simulated work goes"),
  Options.withDefault(1)
)
const rateLimit = Options.integer("sandbox-rate-limit").pipe(
  Options.withDescription("Requests a minute that the sandbox takes from one key"),
  Options.withDefault(100)
)

/** Flags that shape a sandbox. */
export const sandboxShape = { speed, rateLimit }

/** Flags that put a sandbox in the place of Sequentum. */
export const sandboxOptions = {
  sandbox: flag("sandbox", "Use an embedded Sequentum instead of the cloud"),
  ...sandboxShape
}

/** Flags that choose what is offered. */
export const selectionOptions = {
  toolsets: text("toolsets", "a,b", "Offer only these toolsets"),
  tools: text("tools", "x,y", "Offer these tools, beside the toolsets"),
  excludeTools: text("exclude-tools", "z", "Do not offer these tools"),
  readOnly: flag("read-only", "Offer only tools that change nothing")
}

interface Selection {
  readonly toolsets: Option.Option<string>
  readonly tools: Option.Option<string>
  readonly excludeTools: Option.Option<string>
  readonly readOnly: boolean
}

/** Settings that flags override, by the name of their variable. */
export type Overrides = ReadonlyMap<string, string>

const given = (name: string, value: Option.Option<string>): ReadonlyArray<readonly [string, string]> =>
  Option.match(value, { onNone: () => [], onSome: (set) => [[name, set]] })

export const selectionOverrides = (selection: Selection): Overrides =>
  new Map([
    ...given("SEQUENTUM_TOOLSETS", selection.toolsets),
    ...given("SEQUENTUM_TOOLS", selection.tools),
    ...given("SEQUENTUM_EXCLUDE_TOOLS", selection.excludeTools),
    ...given("SEQUENTUM_READ_ONLY", selection.readOnly ? Option.some("true") : Option.none())
  ])

interface SandboxShape {
  readonly speed: number
  readonly rateLimit: number
}

/** Starts a sandbox in the scope and gives its URL. Fails with Stop for a shape or port that can't be had. */
export const startSandbox = ({ rateLimit, speed }: SandboxShape, port = 0) =>
  Effect.gen(function* () {
    if (!(speed > 0 && speed <= 1_000_000)) {
      return yield* new Stop({ lines: ["--sandbox-speed must be more than 0 and at most 1000000."] })
    }
    if (rateLimit < 1) return yield* new Stop({ lines: ["--sandbox-rate-limit must be at least 1."] })
    const { serve } = yield* Effect.promise(() => import("../sandbox/server.ts"))
    return yield* Effect.mapError(
      serve({ speed, rateLimitPerMinute: rateLimit, port }),
      () => new Stop({ lines: [`The sandbox can't listen on 127.0.0.1:${port}.`] })
    )
  })

/**
 * Gives `use` the overrides, with a sandbox of its own in the place of Sequentum when that is asked for. A real key is
 * never sent to it.
 */
export const withSandbox = <A, E, R>(
  { sandbox, ...shape }: SandboxShape & { readonly sandbox: boolean },
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
