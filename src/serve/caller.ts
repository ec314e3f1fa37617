import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { InvalidSettings, type Settings } from "../config.ts"
import { Credentials } from "../sequentum/Credentials.ts"

const stderrLogger = Logger.withConsoleError(Logger.logfmtLogger)

/** Logs go to stderr: over stdio, stdout is for the protocol only. Two merged Layers cost 6 ms more of a start. */
export const logToStderr =
  ({ debug }: Settings) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(
      Effect.locallyWith(FiberRef.currentLoggers, (loggers) =>
        loggers.pipe(HashSet.remove(Logger.defaultLogger), HashSet.add(stderrLogger))
      ),
      Logger.withMinimumLogLevel(debug ? LogLevel.Debug : LogLevel.Info)
    )

const noKey = (orElse: string) =>
  new InvalidSettings({
    problems: [`SEQUENTUM_API_KEY is not set. Set it to an API key of your Sequentum account, ${orElse}.`]
  })

const ofKey = (secret: Redacted.Redacted) => Credentials.of({ scheme: "ApiKey", secret })

/** The caller that the key stands for. Fails with InvalidSettings if there is none. */
export const keyCredentials = ({ apiKey }: Settings) =>
  Option.match(apiKey, {
    onNone: () => noKey("or use --sandbox"),
    onSome: (secret) => Effect.succeed(ofKey(secret))
  })

/** Sends the renewals of a sign-in. What it needs is loaded with the first one. */
const renewalHttp = (settings: Settings) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("./layers.ts")),
      ({ httpClientFor }) => httpClientFor(settings)
    )
  )

/**
 * The caller over stdio and on the command line: the key or, without one, whoever has signed in. Fails with
 * InvalidSettings if there is neither.
 */
export const ownCredentials = (settings: Settings): Effect.Effect<Credentials["Type"], InvalidSettings> =>
  Option.match(settings.apiKey, {
    onSome: (secret) => Effect.succeed(ofKey(secret)),
    onNone: () =>
      Effect.gen(function* () {
        const { signedInCredentials } = yield* Effect.promise(() => import("../login/credentials.ts"))
        const found = yield* Effect.mapError(
          signedInCredentials(renewalHttp(settings), settings.apiUrl.origin),
          ({ reason }) => new InvalidSettings({ problems: [reason] })
        )
        return yield* Option.match(found, {
          onNone: () => noKey("sign in with sequentum-mcp login, or use --sandbox"),
          onSome: (credentials) => Effect.succeed(credentials)
        })
      })
  })
