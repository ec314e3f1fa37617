import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { layerHttpClient } from "../sequentum/client/upstreamHttpClient.ts"
import { Upstream, type RequestLine } from "../sequentum/client/Upstream.ts"
import { scopes } from "../sequentum/scopes.ts"
import type { Session } from "./Session.ts"

/**
 * The authorization server did not do what it was asked for. `reason` is a sentence that holds no token; `code` is the
 * error code of OAuth, if there was one.
 */
export class OAuthFailed extends Data.TaggedError("OAuthFailed")<{
  readonly kind: "network" | "refused" | "tryLater" | "failed"
  readonly reason: string
  readonly code?: string
}> {}

const unfit = (reason: string) => new OAuthFailed({ kind: "failed", reason })

/** How to send requests to an authorization server. */
export type Http = Layer.Layer<HttpClient.HttpClient>

const timeout = Duration.seconds(15)

interface Ask {
  readonly method: "GET" | "POST"
  readonly url: URL
  readonly body?: string
  readonly type?: string
}

/** One request without redirects and retries. The response is bounded. */
const send = (http: Http, { body, method, type, url }: Ask) => {
  const line: RequestLine = { method, path: url.pathname, resource: "account" }
  const headers = { accept: "application/json", ...(type === undefined ? {} : { "content-type": type }) }
  return Effect.flatMap(Upstream, (upstream) =>
    upstream.send({ line, target: `${url.pathname}${url.search}`, headers, body, timeout })
  ).pipe(
    Effect.provide(Layer.provide(layerHttpClient(url), http)),
    Effect.mapError((error) => {
      switch (error._tag) {
        case "ConnectionFailed":
          return new OAuthFailed({ kind: "network", reason: `There is no connection to ${url.host} (${error.code}).` })
        case "RequestTimeout":
          return new OAuthFailed({ kind: "network", reason: `${url.host} did not answer in time.` })
        case "UnexpectedResponse":
          return new OAuthFailed({ kind: "failed", reason: `The answer of ${url.host} can't be used.` })
      }
    })
  )
}

const ErrorBody = Schema.parseJson(Schema.Struct({ error: Schema.String.pipe(Schema.pattern(/^[a-z_]{1,60}$/u)) }))
const readError = Schema.decodeOption(ErrorBody)

const refusal = (at: string, status: number, body: string) => {
  const code = Option.getOrUndefined(Option.map(readError(body), ({ error }) => error))
  if (status === 429 || status >= 500) {
    return new OAuthFailed({ kind: "tryLater", reason: `${at} can't answer now (status ${status}). Try again later.` })
  }
  const reason = `${at} refused the request: ${code ?? "no reason given"} (status ${status}).`
  return new OAuthFailed({ kind: "refused", reason, ...(code === undefined ? {} : { code }) })
}

const placeOf = ({ host, pathname }: URL) => `${host}${pathname}`

/** The body of the answer. The text of a refusal is not repeated: it may hold what was sent. */
const accepted = (http: Http, what: Ask): Effect.Effect<string, OAuthFailed> =>
  Effect.flatMap(send(http, what), ({ body, status }) =>
    status >= 200 && status < 300 ? Effect.succeed(body) : refusal(placeOf(what.url), status, body)
  )

const ask = <A, I>(http: Http, what: Ask, schema: Schema.Schema<A, I>): Effect.Effect<A, OAuthFailed> =>
  Effect.flatMap(accepted(http, what), (body) =>
    Effect.mapError(Schema.decode(Schema.parseJson(schema))(body), () =>
      unfit(`The answer of ${placeOf(what.url)} is not as OAuth wants it.`)
    )
  )

const Endpoint = Schema.String.pipe(Schema.filter((text) => URL.canParse(text)))

/** What RFC 8414 calls the metadata of an authorization server, as far as it is used here. */
const Metadata = Schema.Struct({
  issuer: Schema.String,
  authorization_endpoint: Endpoint,
  token_endpoint: Endpoint,
  registration_endpoint: Schema.optional(Endpoint),
  revocation_endpoint: Schema.optional(Endpoint),
  client_id_metadata_document_supported: Schema.optional(Schema.Boolean),
  code_challenge_methods_supported: Schema.optional(Schema.Array(Schema.String)),
  scopes_supported: Schema.optional(Schema.Array(Schema.String)),
  authorization_response_iss_parameter_supported: Schema.optional(Schema.Boolean)
})
export type Metadata = typeof Metadata.Type

/** Whether codes and tokens may be sent there: by TLS, or within this machine if the API is there as well. */
const isSafe = (apiUrl: URL) => (endpoint: string) => {
  const url = new URL(endpoint)
  return url.username === "" && url.password === "" && (url.protocol === "https:" || url.origin === apiUrl.origin)
}

/** Reads the metadata of the host's authorization server (RFC 8414). Fails with OAuthFailed. */
export const discover = (http: Http, apiUrl: URL): Effect.Effect<Metadata, OAuthFailed> =>
  Effect.gen(function* () {
    const url = new URL("/.well-known/oauth-authorization-server", apiUrl)
    const found = yield* Effect.mapError(ask(http, { method: "GET", url }, Metadata), (error) =>
      error.kind === "refused" ? unfit(`${apiUrl.host} has no sign-in: it answers nothing at ${url.pathname}.`) : error
    )
    const { code_challenge_methods_supported, issuer } = found
    if (issuer !== apiUrl.origin && issuer !== `${apiUrl.origin}/`) {
      return yield* unfit(`The metadata of ${apiUrl.host} is that of another issuer.`)
    }
    const endpoints = [
      found.authorization_endpoint,
      found.token_endpoint,
      found.registration_endpoint,
      found.revocation_endpoint
    ].filter(Predicate.isNotUndefined)
    if (!endpoints.every(isSafe(apiUrl))) {
      return yield* unfit(`The metadata of ${apiUrl.host} names an address without TLS.`)
    }
    if (code_challenge_methods_supported?.includes("S256") === false) {
      return yield* unfit(`${apiUrl.host} does not support PKCE with S256, without which nobody should sign in.`)
    }
    return found
  })

/** The scopes to ask for: all of the API, and to stay signed in. */
export const wantedScopes = ({ scopes_supported }: Metadata): string =>
  [...scopes, "offline_access"].filter((scope) => scopes_supported?.includes(scope) ?? true).join(" ")

/** A request with a form, which is what the endpoints for tokens take. */
const postForm = (endpoint: string, fields: Readonly<Record<string, string>>): Ask => ({
  method: "POST",
  url: new URL(endpoint),
  type: "application/x-www-form-urlencoded",
  body: new URLSearchParams(fields).toString()
})

/** Registers this program as a public client (RFC 7591). Succeeds with its id. */
const register = (http: Http, metadata: Metadata, endpoint: string, redirectUri: string) => {
  const body = {
    client_name: "sequentum-mcp",
    application_type: "native",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    scope: wantedScopes(metadata)
  }
  const request = { url: new URL(endpoint), type: "application/json", body: JSON.stringify(body) }
  const answer = ask(http, { method: "POST", ...request }, Schema.Struct({ client_id: Schema.NonEmptyString }))
  return Effect.map(answer, ({ client_id }) => client_id)
}

/**
 * The id of this program as a client: the address of a document about it, where there is one and the server reads such
 * documents, else one that the server gives at registration. Fails with OAuthFailed.
 */
export const identify = (
  http: Http,
  metadata: Metadata,
  redirectUri: string,
  document: Option.Option<URL>
): Effect.Effect<string, OAuthFailed> => {
  const { client_id_metadata_document_supported, registration_endpoint } = metadata
  if (client_id_metadata_document_supported === true && Option.isSome(document)) {
    return Effect.succeed(document.value.href)
  }
  return registration_endpoint === undefined
    ? unfit("The authorization server does not register clients by itself. Use an API key.")
    : register(http, metadata, registration_endpoint, redirectUri)
}

const Granted = Schema.Struct({
  access_token: Schema.Redacted(Schema.NonEmptyString),
  token_type: Schema.String.pipe(Schema.pattern(/^bearer$/iu)),
  expires_in: Schema.optional(Schema.Union(Schema.Positive, Schema.compose(Schema.NumberFromString, Schema.Positive))),
  refresh_token: Schema.optional(Schema.Redacted(Schema.NonEmptyString))
})

interface Client {
  readonly clientId: string
  readonly tokenEndpoint: string
}

const grant = (http: Http, client: Client, form: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const { clientId, tokenEndpoint } = client
    // Before the request: a life that is counted from too early on ends too early, which does no harm.
    const obtainedAt = yield* Clock.currentTimeMillis
    const granted = yield* ask(http, postForm(tokenEndpoint, { client_id: clientId, ...form }), Granted)
    return { granted, obtainedAt }
  })

type Given = Effect.Effect.Success<ReturnType<typeof grant>>

const sessionOf = (
  { clientId, tokenEndpoint }: Client,
  { granted, obtainedAt }: Given,
  earlier?: Session["refreshToken"]
): Session => {
  const refreshToken = granted.refresh_token ?? earlier
  return {
    clientId,
    tokenEndpoint,
    accessToken: granted.access_token,
    obtainedAt,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(granted.expires_in === undefined ? {} : { expiresIn: granted.expires_in })
  }
}

interface Code {
  readonly clientId: string
  readonly redirectUri: string
  readonly code: string
  readonly verifier: string
  readonly resource: string
}

/** Exchanges a code for tokens. */
export const exchangeCode = (
  http: Http,
  metadata: Metadata,
  { clientId, code, redirectUri, resource, verifier }: Code
): Effect.Effect<Session, OAuthFailed> => {
  const client = { clientId, tokenEndpoint: metadata.token_endpoint }
  const form = {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    resource
  }
  return Effect.map(grant(http, client, form), (given) => sessionOf(client, given))
}

/** Renews a session. A refresh token that rotates is in the result. */
export const refresh = (
  http: Http,
  session: Session,
  refreshToken: Redacted.Redacted
): Effect.Effect<Session, OAuthFailed> =>
  Effect.map(
    grant(http, session, { grant_type: "refresh_token", refresh_token: Redacted.value(refreshToken) }),
    (given) => sessionOf(session, given, refreshToken)
  )

/** Makes the tokens of a session useless (RFC 7009). False if the server offers no such thing. Fails with OAuthFailed. */
export const revoke = (
  http: Http,
  { revocation_endpoint }: Metadata,
  { accessToken, clientId, refreshToken }: Session
): Effect.Effect<boolean, OAuthFailed> => {
  if (revocation_endpoint === undefined) return Effect.succeed(false)
  const [token, hint] = refreshToken === undefined ? [accessToken, "access_token"] : [refreshToken, "refresh_token"]
  const form = { token: Redacted.value(token), token_type_hint: hint, client_id: clientId }
  return Effect.as(accepted(http, postForm(revocation_endpoint, form)), true)
}
