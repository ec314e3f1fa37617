import { createHash, randomBytes } from "node:crypto"
import { createServer } from "node:http"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { discover, exchangeCode, identify, OAuthFailed, wantedScopes, type Http } from "./oauth.ts"
import { readSession, withLock, writeSession } from "./SessionFile.ts"

/** Nobody has finished the sign-in in time. */
export class NotFinished extends Data.TaggedError("NotFinished")<{ readonly minutes: number }> {}

const maxMinutes = 5

const page = (text: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>sequentum-mcp</title><p>${text}</p></html>`

const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'",
  "referrer-policy": "no-referrer",
  connection: "close"
}

const random = () => randomBytes(32).toString("base64url")

interface Expected {
  readonly state: string
  readonly issuer: string
  readonly needsIssuer: boolean
}

/** What a redirect brings; undefined if it is not the one that is waited for (RFC 6749, RFC 9207). */
const readRedirect = (query: URLSearchParams, { issuer, needsIssuer, state }: Expected) => {
  if (query.get("state") !== state) return undefined
  const from = query.get("iss")
  if (from === null ? needsIssuer : from !== issuer) return undefined
  const code = query.get("code")
  if (code !== null && code !== "") return Effect.succeed(code)
  const error = query.get("error") ?? ""
  const reason = /^[a-z_]{1,60}$/u.test(error) ? error : "no reason given"
  return new OAuthFailed({ kind: "refused", reason: `The sign-in was refused: ${reason}.` })
}

/** Listens on loopback for the redirect with a code. Anything else that comes there changes nothing. */
const listen = (state: string) =>
  Effect.gen(function* () {
    const code = yield* Deferred.make<string, OAuthFailed>()
    let expected: Expected | undefined
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>, OAuthFailed>((resume) => {
        const made = createServer((request, response) => {
          const url = new URL(request.url ?? "/", "http://127.0.0.1")
          const result =
            request.method === "GET" && url.pathname === "/callback" && expected !== undefined
              ? readRedirect(url.searchParams, expected)
              : undefined
          if (result === undefined) {
            response.writeHead(400, pageHeaders).end(page("This is not the answer that sequentum-mcp waits for."))
            return
          }
          response
            .writeHead(200, pageHeaders)
            .end(page("Sequentum has answered. You can close this window and go back to the terminal."))
          response.on("close", () => Deferred.unsafeDone(code, result))
        })
        made.once("error", () =>
          resume(new OAuthFailed({ kind: "failed", reason: "This program can't listen on 127.0.0.1." }))
        )
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) => Effect.sync(() => made.close().closeAllConnections())
    )
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    return {
      redirectUri: `http://127.0.0.1:${port}/callback`,
      code: (issuer: string, needsIssuer: boolean) =>
        Effect.suspend(() => {
          expected = { state, issuer, needsIssuer }
          return Deferred.await(code)
        })
    }
  })

/** What a sign-in needs to know. */
export interface SignIn<E, R> {
  readonly http: Http
  readonly apiUrl: URL
  /** The address of a document about this program as a client. */
  readonly clientDocument: Option.Option<URL>
  /** Gets the address to open. */
  readonly show: (address: URL) => Effect.Effect<void, E, R>
}

/**
 * Signs in to the host in the user's browser: authorization code with PKCE, and a redirect to this machine (RFC 8252).
 * The session goes to the file.
 */
export const signIn = <E, R>({ apiUrl, clientDocument, http, show }: SignIn<E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { origin } = apiUrl
      // A file that can't be written should not be found out after the user has signed in.
      yield* withLock(readSession(origin))
      const metadata = yield* discover(http, apiUrl)
      const state = random()
      const verifier = random()
      const { code: redirected, redirectUri } = yield* listen(state)
      const clientId = yield* identify(http, metadata, redirectUri, clientDocument)
      const address = new URL(metadata.authorization_endpoint)
      const parameters = {
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: wantedScopes(metadata),
        state,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        resource: origin
      }
      for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
      const waiting = redirected(metadata.issuer, metadata.authorization_response_iss_parameter_supported === true)
      const code = yield* Effect.zipRight(show(address), waiting).pipe(
        Effect.timeoutFail({
          duration: Duration.minutes(maxMinutes),
          onTimeout: () => new NotFinished({ minutes: maxMinutes })
        })
      )
      const session = yield* exchangeCode(http, metadata, { clientId, redirectUri, code, verifier, resource: origin })
      yield* withLock(writeSession(origin, Option.some(session)))
      return session
    })
  )
