import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
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
  readonly kind: "network" | "refused" | "failed"
  readonly reason: string
  readonly code?: string
}> {}

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

/** Sends a request and reads its JSON. The text of a refusal is not repeated: it may hold what was sent. */
const ask = <A, I>(http: Http, what: Ask, schema: Schema.Schema<A, I>): Effect.Effect<A, OAuthFailed> =>
  Effect.flatMap(send(http, what), ({ body, status }) => {
    const at = `${what.url.host}${what.url.pathname}`
    if (status >= 200 && status < 300) {
      return Effect.mapError(
        Schema.decode(Schema.parseJson(schema))(body),
        () => new OAuthFailed({ kind: "failed", reason: `The answer of ${at} is not as OAuth wants it.` })
      )
    }
    const code = Option.map(readError(body), ({ error }) => error)
    return new OAuthFailed({
      kind: status >= 400 && status < 500 && status !== 429 ? "refused" : "failed",
      reason: `${at} refused the request: ${Option.getOrElse(code, () => "no reason given")} (status ${status}).`,
      ...(Option.isSome(code) ? { code: code.value } : {})
    })
  })

const Endpoint = Schema.String.pipe(Schema.filter((text) => URL.canParse(text)))

/** What RFC 8414 calls the metadata of an authorization server, as far as it is used here. */
const Metadata = Schema.Struct({
  issuer: Schema.String,
  authorization_endpoint: Endpoint,
  token_endpoint: Endpoint,
  registration_endpoint: Schema.optional(Endpoint),
  code_challenge_methods_supported: Schema.optional(Schema.Array(Schema.String)),
  scopes_supported: Schema.optional(Schema.Array(Schema.String)),
  authorization_response_iss_parameter_supported: Schema.optional(Schema.Boolean)
})
export type Metadata = typeof Metadata.Type

const unfit = (reason: string) => new OAuthFailed({ kind: "failed", reason })

/** Whether codes and tokens may be sent there: by TLS, or within this machine if the API is there as well. */
const isSafe = (apiUrl: URL) => (endpoint: string) => {
  const url = new URL(endpoint)
  return url.username === "" && url.password === "" && (url.protocol === "https:" || url.origin === apiUrl.origin)
}

/** Reads the metadata of the host's authorization server (RFC 8414). Fails with OAuthFailed. */
export const discover = (http: Http, apiUrl: URL): Effect.Effect<Metadata, OAuthFailed> =>
  Effect.gen(function* () {
    const url = new URL("/.well-known/oauth-authorization-server", apiUrl)
    const found = yield* ask(http, { method: "GET", url }, Metadata)
    const { authorization_endpoint, code_challenge_methods_supported, issuer, registration_endpoint, token_endpoint } =
      found
    if (issuer !== apiUrl.origin && issuer !== `${apiUrl.origin}/`) {
      return yield* unfit(`The metadata of ${apiUrl.host} is that of another issuer.`)
    }
    const endpoints = [
      authorization_endpoint,
      token_endpoint,
      ...(registration_endpoint === undefined ? [] : [registration_endpoint])
    ]
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

/** Registers this program as a public client (RFC 7591). Succeeds with its id. */
export const register = (http: Http, metadata: Metadata, redirectUri: string): Effect.Effect<string, OAuthFailed> =>
  metadata.registration_endpoint === undefined
    ? unfit("The authorization server does not register clients by itself. Use an API key.")
    : Effect.map(
        ask(
          http,
          {
            method: "POST",
            url: new URL(metadata.registration_endpoint),
            type: "application/json",
            body: JSON.stringify({
              client_name: "sequentum-mcp",
              application_type: "native",
              redirect_uris: [redirectUri],
              grant_types: ["authorization_code", "refresh_token"],
              response_types: ["code"],
              token_endpoint_auth_method: "none",
              scope: wantedScopes(metadata)
            })
          },
          Schema.Struct({ client_id: Schema.NonEmptyString })
        ),
        ({ client_id }) => client_id
      )

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
    const granted = yield* ask(
      http,
      {
        method: "POST",
        url: new URL(tokenEndpoint),
        type: "application/x-www-form-urlencoded",
        body: new URLSearchParams({ client_id: clientId, ...form }).toString()
      },
      Granted
    )
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
