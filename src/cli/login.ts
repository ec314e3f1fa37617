import { spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { loadSettings, type Overrides, type Settings } from "../config.ts"
import { discover, revoke } from "../login/oauth.ts"
import type { Session } from "../login/Session.ts"
import { isSignedIn } from "../login/credentials.ts"
import { readSession, sessionPath, withLock, writeSession, type FileProblem } from "../login/SessionFile.ts"
import { signIn } from "../login/signIn.ts"
import { logToStderr } from "../serve/caller.ts"
import { httpClientFor } from "../serve/layers.ts"
import { Stop } from "../serve/runMain.ts"
import { note, out } from "./print.ts"

/** How the system opens an address. On Windows not by `start`, which would read the address as a command. */
const opener = (platform: NodeJS.Platform): readonly [string, ReadonlyArray<string>] => {
  switch (platform) {
    case "darwin":
      return ["open", []]
    case "win32":
      return ["rundll32", ["url.dll,FileProtocolHandler"]]
    default:
      return ["xdg-open", []]
  }
}

/** Opens an address in the browser, if there is one. */
const openInBrowser = (address: URL) =>
  Effect.sync(() => {
    const [command, args] = opener(process.platform)
    const child = spawn(command, [...args, address.href], { stdio: "ignore", detached: true })
    // The address is printed as well, so that no browser is no failure.
    child.on("error", () => undefined)
    child.unref()
  })

const fileStop = ({ reason }: FileProblem) => new Stop({ lines: [reason] })

const keyWins = ({ apiKey }: Settings) =>
  Option.isSome(apiKey)
    ? note("SEQUENTUM_API_KEY is set, and is used in place of a sign-in. Take it out to use the sign-in.")
    : Effect.void

const signInBy = (settings: Settings, opensBrowser: boolean) =>
  Effect.gen(function* () {
    const { apiUrl } = settings
    const show = (address: URL) =>
      Effect.zipRight(
        out(`Open this address to sign in to ${apiUrl.host}:\n\n${address.href}\n`),
        opensBrowser ? openInBrowser(address) : Effect.void
      )
    yield* signIn({ http: httpClientFor(settings), apiUrl, clientDocument: settings.clientDocument, show }).pipe(
      logToStderr(settings),
      Effect.catchTags({
        FileProblem: fileStop,
        NotFinished: ({ minutes }) =>
          new Stop({
            lines: [`Nobody has signed in for ${minutes} minutes. Start again: sequentum-mcp login.`],
            problem: "unfinished"
          }),
        OAuthFailed: ({ kind, reason }) => new Stop({ lines: [reason], problem: kind })
      })
    )
    yield* out(`Signed in to ${apiUrl.host}. The tokens are in ${yield* sessionPath}, which only you can read.`)
    yield* keyWins(settings)
  })

/** Signs in to Sequentum in the browser, and keeps the tokens. Fails with Stop. */
export const login = (opensBrowser: boolean, overrides: Overrides) =>
  Effect.flatMap(loadSettings(overrides), (settings) => signInBy(settings, opensBrowser))

/** Signs in unless that has been done. Fails with Stop. */
export const ensureSignedIn = (settings: Settings) =>
  Effect.gen(function* () {
    const { apiUrl } = settings
    const isDone = yield* isSignedIn(httpClientFor(settings), apiUrl.origin).pipe(
      logToStderr(settings),
      Effect.mapError(fileStop)
    )
    yield* isDone ? out(`Signed in to ${apiUrl.host} already.`) : signInBy(settings, true)
    yield* out("")
  })

/** How it went with the tokens at the server, as the end of a sentence. */
const revocation = (settings: Settings, session: Session) => {
  const http = httpClientFor(settings)
  return Effect.flatMap(discover(http, settings.apiUrl), (metadata) => revoke(http, metadata, session)).pipe(
    logToStderr(settings),
    Effect.match({
      onSuccess: (isRevoked) =>
        isRevoked
          ? "They have been revoked."
          : `${settings.apiUrl.host} does not revoke tokens: a copy lasts until it expires.`,
      onFailure: ({ reason }) => `They could not be revoked: ${reason} A copy lasts until it expires.`
    })
  )
}

/** Revokes the tokens for the host, and forgets them. */
export const logout = (overrides: Overrides) =>
  Effect.gen(function* () {
    const settings = yield* loadSettings(overrides)
    const { apiUrl } = settings
    const session = readSession(apiUrl.origin)
    const nobody = out(`Nobody is signed in to ${apiUrl.host}.`)
    // Nothing needs the lock then, whose file is in a folder that is not there yet.
    if (Option.isNone(yield* session)) return yield* nobody
    const ended = yield* withLock(
      Effect.gen(function* () {
        const now = yield* session
        if (Option.isNone(now)) return Option.none()
        const end = yield* revocation(settings, now.value)
        yield* writeSession(apiUrl.origin, Option.none())
        return Option.some(end)
      })
    )
    yield* Option.match(ended, {
      onNone: () => nobody,
      onSome: (end) => out(`Signed out of ${apiUrl.host}: its tokens are no longer on this machine. ${end}`)
    })
  }).pipe(Effect.catchTag("FileProblem", fileStop))
