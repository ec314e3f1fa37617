import { createHash, randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Metadata = Schema.Struct({
  issuer: Schema.String,
  authorization_endpoint: Schema.String,
  token_endpoint: Schema.String,
  registration_endpoint: Schema.String,
  revocation_endpoint: Schema.String,
  jwks_uri: Schema.String,
  scopes_supported: Schema.Array(Schema.String)
})
const Registered = Schema.Struct({ client_id: Schema.String })
const Tokens = Schema.Struct({
  access_token: Schema.String,
  token_type: Schema.Literal("Bearer"),
  expires_in: Schema.Int,
  scope: Schema.String,
  refresh_token: Schema.optional(Schema.String)
})

export const redirectUri = "http://127.0.0.1:7777/callback"

export const verifier = randomBytes(32).toString("base64url")

export const challenge = createHash("sha256").update(verifier).digest("base64url")

const fetched = (url: string, init: RequestInit = {}) =>
  Effect.promise(() => fetch(url, { redirect: "manual", ...init }))

export const jsonOf = <A, I>(schema: Schema.Schema<A, I>, response: Response) =>
  Effect.flatMap(
    Effect.promise((): Promise<unknown> => response.json()),
    Schema.decodeUnknown(schema)
  )

export const metadataOf = (issuer: string) =>
  Effect.flatMap(fetched(`${issuer}/.well-known/oauth-authorization-server`), (response) => jsonOf(Metadata, response))

/** Registers a client; the response. */
export const register = (issuer: string, body: unknown = { redirect_uris: [redirectUri], client_name: "test" }) =>
  fetched(`${issuer}/api/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })

export const registered = (issuer: string) =>
  Effect.map(
    Effect.flatMap(register(issuer), (response) => jsonOf(Registered, response)),
    ({ client_id }) => client_id
  )

type Params = Readonly<Record<string, string>>

/** Asks for a code; the response. `changes` replace parameters of a request that is right. */
export const authorize = (issuer: string, clientId: string, changes: Params = {}) =>
  fetched(
    `${issuer}/api/oauth/authorize?${new URLSearchParams({
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: "S256",
      state: "the state",
      ...changes
    }).toString()}`
  )

/** The parameters that a redirect brings back. */
export const broughtBack = (response: Response) =>
  Object.fromEntries(new URL(response.headers.get("location") ?? "http://none.invalid").searchParams)

/** Asks for tokens; the response. */
export const token = (issuer: string, form: Params) =>
  fetched(`${issuer}/api/oauth/token`, { method: "POST", body: new URLSearchParams(form) })

/** Asks to revoke a token; the response. */
export const revoke = (issuer: string, form: Params) =>
  fetched(`${issuer}/api/oauth/revoke`, { method: "POST", body: new URLSearchParams(form) })

export const tokensIn = (response: Response) => jsonOf(Tokens, response)

/** Signs in as a client would, with the parameters given. */
export const signIn = (issuer: string, params: Params = {}) =>
  Effect.gen(function* () {
    const clientId = yield* registered(issuer)
    const { code = "" } = broughtBack(yield* authorize(issuer, clientId, params))
    const answer = yield* token(issuer, {
      grant_type: "authorization_code",
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier
    })
    const { access_token, refresh_token = "" } = yield* tokensIn(answer)
    return { clientId, accessToken: access_token, refreshToken: refresh_token }
  })
