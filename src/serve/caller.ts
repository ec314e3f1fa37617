import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { InvalidSettings, type Settings } from "../config.ts"
import { Credentials } from "../sequentum/Credentials.ts"

/** Logs go to stderr: over stdio, stdout is for the protocol only. */
export const loggerLayer = (settings: Settings): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)),
    Logger.minimumLogLevel(settings.debug ? LogLevel.Debug : LogLevel.Info)
  )

/** The caller over stdio and on the command line. Fails with InvalidSettings if there is no key. */
export const keyCredentials = (settings: Settings) =>
  Option.match(settings.apiKey, {
    onNone: () =>
      new InvalidSettings({
        problems: ["SEQUENTUM_API_KEY is not set. Set it to an API key of your Sequentum account, or use --sandbox."]
      }),
    onSome: (secret) => Effect.succeed(Credentials.of({ scheme: "ApiKey", secret }))
  })
