import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { layerUndici } from "../../src/sequentum/client/upstreamUndici.ts"
import { logToStderr } from "../../src/serve/caller.ts"
import { loadSettings } from "../../src/config.ts"
import { serveHttp } from "../../src/http/server.ts"
import { runMain, Stop } from "../../src/serve/runMain.ts"
import { serve } from "../../src/sandbox/server.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { endpointLayer } from "../../src/serve/endpointLayer.ts"
import { operatorSelection } from "../../src/serve/layers.ts"
import { fixtures } from "./fixtures.ts"

/** The real endpoint on a sandbox, with the fixtures of the official suite merged in. Prints where it listens. */
const program = Effect.scoped(
  Effect.gen(function* () {
    const { url: apiUrl } = yield* Effect.orDie(serve({ speed: 60, rateLimitPerMinute: 1_000_000 }))
    const settings = yield* loadSettings(
      new Map(
        Object.entries({
          SEQUENTUM_API_URL: apiUrl,
          PORT: process.env["PORT"] ?? "0",
          RATE_LIMIT_PER_MINUTE: "0",
          ALLOWED_ORIGINS: process.env["ALLOWED_ORIGINS"] ?? ""
        })
      )
    )
    const selection = yield* operatorSelection(settings)
    const anonymous = Option.some(Credentials.of({ scheme: "ApiKey", secret: Redacted.make("conformance") }))
    return yield* serveHttp({ settings, selection, anonymous, extension: fixtures }, (url) =>
      Effect.sync(() => void process.stdout.write(`${url}\n`))
    ).pipe(
      Effect.catchTag("ListenFailed", ({ problem }) => new Stop({ lines: [problem] })),
      Effect.provide(endpointLayer(settings, layerUndici(settings.apiUrl))),
      logToStderr(settings)
    )
  })
)

runMain(program)
