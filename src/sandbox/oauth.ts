import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash, randomBytes, randomUUID } from "node:crypto"
import type { Signing } from "./signing.ts"

/** The scopes of the API. A request that names none gets these. */
const apiScopes = ["agents:read", "agents:write", "runs:read", "spaces:read", "spaces:write", "billing:read"]

/** Asks for a refresh token. */
const offline = "offline_access"

const allScopes = [...apiScopes, offline]

const codeLifeMs = 60_000
const refreshLifeMs = 90 * 86_400_000

/** Of each kind of thing that is kept, the oldest is dropped first. */
const maxKept = 1000

const keep = <A>(kept: Map<string, A>, id: string, value: A): void => {
  kept.set(id, value)
  const oldest = kept.keys().next()
  if (kept.size > maxKept && oldest.done !== true) kept.delete(oldest.value)
}

/** What a user allowed a client. */
interface Grant {
  readonly clientId: string
  readonly sub: string
  readonly scopes: ReadonlyArray<string>
  readonly resource: string
}

interface Code extends Grant {
  readonly redirectUri: string
  readonly challenge: string
  readonly expires: number
}

/** All refresh tokens that follow from one sign-in. Only the last one is valid. */
interface Family extends Grant {
  readonly current: string
  readonly expires: number
}

/** An error of OAuth 2.0 (RFC 6749, section 5.2). */
class OAuthError extends Data.TaggedError("OAuthError")<{
  readonly code: string
  readonly description: string
}> {}

const fail = (code: string, description: string) => new OAuthError({ code, description })

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, content-type, accept, mcp-protocol-version",
  "access-control-allow-methods": "GET, POST, OPTIONS"
}

const json = (body: unknown, status = 200) =>
  HttpServerResponse.unsafeJson(body, { status, headers: { ...cors, "cache-control": "no-store" } })

const refusal = ({ code, description }: OAuthError) => json({ error: code, error_description: description }, 400)

/** Only this machine: a code must not leave it. */
const isLoopback = (uri: string): boolean =>
  URL.canParse(uri) && /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?#]|$)/u.test(uri)

/** Registered and used addresses are the same but for the port, which a program can't know before (RFC 8252). */
const withoutPort = (uri: string) => {
  const url = new URL(uri)
  url.port = ""
  return url.href
}

const Registration = Schema.parseJson(
  Schema.Struct({ redirect_uris: Schema.NonEmptyArray(Schema.String) }, { key: Schema.String, value: Schema.Unknown })
)

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url")

const issuerOf = (request: HttpServerRequest.HttpServerRequest) =>
  Option.match(HttpServerRequest.toURL(request), { onNone: () => "", onSome: (url) => url.origin })

/**
 * A toy authorization server: it approves everything, for the account `demo` or the one that `login_hint` names.
 * Authorization code with PKCE and refresh tokens, for public clients on this machine. Its paths are those of the API
 * host; RFC 8414, 7009, 7591, 7636, 8707 and 9207 say what the documents and parameters mean.
 */
export const routes = (signing: Signing) => {
  const clients = new Map<string, ReadonlyArray<string>>()
  const codes = new Map<string, Code>()
  const families = new Map<string, Family>()

  const metadata = (issuer: string) => ({
    issuer,
    authorization_endpoint: `${issuer}/api/oauth/authorize`,
    token_endpoint: `${issuer}/api/oauth/token`,
    registration_endpoint: `${issuer}/api/oauth/register`,
    revocation_endpoint: `${issuer}/api/oauth/revoke`,
    jwks_uri: `${issuer}/api/oauth/jwks`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    revocation_endpoint_auth_methods_supported: ["none"],
    scopes_supported: allScopes,
    client_id_metadata_document_supported: true,
    resource_indicators_supported: true,
    authorization_response_iss_parameter_supported: true
  })

  const scopesOf = (scope: string | null) => {
    const scopes = (scope ?? "").split(" ").filter((word) => word !== "")
    const unknown = scopes.filter((word) => !allScopes.includes(word))
    if (unknown.length > 0) return fail("invalid_scope", `Unknown: ${unknown.join(" ")}.`)
    return Effect.succeed(scopes.length === 0 ? apiScopes : scopes)
  }

  const register = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const body = yield* request.text.pipe(
      Effect.flatMap(Schema.decode(Registration)),
      Effect.mapError(() => fail("invalid_client_metadata", "A JSON object with redirect_uris is needed."))
    )
    if (!body.redirect_uris.every(isLoopback)) {
      return yield* fail("invalid_redirect_uri", "Only http addresses of this machine are accepted.")
    }
    const clientId = randomUUID()
    keep(clients, clientId, body.redirect_uris)
    return json(
      {
        ...body,
        client_id: clientId,
        client_id_issued_at: Math.floor((yield* Clock.currentTimeMillis) / 1000),
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"]
      },
      201
    )
  })

  /** A client that names itself by the URL of its metadata may use any address of this machine: nothing is fetched. */
  const mayUse = (clientId: string, redirectUri: string) =>
    isLoopback(redirectUri) &&
    (/^https:\/\/[^/]+\/./u.test(clientId) ||
      (clients.get(clientId)?.some((uri) => withoutPort(uri) === withoutPort(redirectUri)) ?? false))

  const authorize = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const issuer = issuerOf(request)
    const query = new URL(request.url, "http://sandbox.invalid").searchParams
    const clientId = query.get("client_id") ?? ""
    const redirectUri = query.get("redirect_uri") ?? ""
    if (!mayUse(clientId, redirectUri)) {
      return yield* fail("invalid_request", "The client is not registered, or not with this redirect_uri.")
    }
    const back = (answer: Readonly<Record<string, string>>) => {
      const target = new URL(redirectUri)
      const state = query.get("state")
      const all = { ...answer, ...(state === null ? {} : { state }), iss: issuer }
      for (const [name, value] of Object.entries(all)) target.searchParams.set(name, value)
      return HttpServerResponse.redirect(target.href, { status: 302, headers: { "cache-control": "no-store" } })
    }
    return yield* Effect.gen(function* () {
      if (query.get("response_type") !== "code") {
        return yield* fail("unsupported_response_type", "Only code is supported.")
      }
      const challenge = query.get("code_challenge") ?? ""
      if (challenge === "" || query.get("code_challenge_method") !== "S256") {
        return yield* fail("invalid_request", "PKCE with S256 is needed.")
      }
      const code = randomBytes(24).toString("base64url")
      keep(codes, code, {
        clientId,
        redirectUri,
        challenge,
        sub: query.get("login_hint") ?? "demo",
        scopes: yield* scopesOf(query.get("scope")),
        resource: query.get("resource") ?? issuer,
        expires: (yield* Clock.currentTimeMillis) + codeLifeMs
      })
      return back({ code })
    }).pipe(
      Effect.catchTag("OAuthError", ({ code, description }) =>
        Effect.succeed(back({ error: code, error_description: description }))
      )
    )
  })

  /** `id` is that of the sign-in. */
  const grantTokens = (issuer: string, id: string, grant: Grant, refreshToken: string | undefined) =>
    Effect.gen(function* () {
      const scope = grant.scopes.join(" ")
      const token = yield* signing.sign({
        iss: issuer,
        sub: grant.sub,
        aud: grant.resource,
        client_id: grant.clientId,
        scope,
        sid: id
      })
      return json({
        access_token: token,
        token_type: "Bearer",
        expires_in: signing.tokenLife,
        scope,
        ...(refreshToken === undefined ? {} : { refresh_token: refreshToken })
      })
    })

  const refreshTokenOf = (id: string, grant: Grant, expires: number) => {
    const current = `${id}.${randomBytes(24).toString("base64url")}`
    keep(families, id, { ...grant, current, expires })
    return current
  }

  const byCode = (issuer: string, form: URLSearchParams) =>
    Effect.gen(function* () {
      const given = form.get("code") ?? ""
      const code = codes.get(given)
      codes.delete(given)
      const now = yield* Clock.currentTimeMillis
      if (
        code === undefined ||
        code.expires <= now ||
        code.clientId !== form.get("client_id") ||
        code.redirectUri !== form.get("redirect_uri") ||
        code.challenge !== sha256(form.get("code_verifier") ?? "")
      ) {
        return yield* fail("invalid_grant", "The code is not valid for this client, redirect_uri and code_verifier.")
      }
      const grant: Grant = {
        clientId: code.clientId,
        sub: code.sub,
        scopes: code.scopes,
        resource: form.get("resource") ?? code.resource
      }
      const mayRefresh = grant.scopes.includes(offline)
      const id = randomUUID()
      return yield* grantTokens(
        issuer,
        id,
        grant,
        mayRefresh ? refreshTokenOf(id, grant, now + refreshLifeMs) : undefined
      )
    })

  const byRefreshToken = (issuer: string, form: URLSearchParams) =>
    Effect.gen(function* () {
      const clientId = form.get("client_id")
      if (clientId === null) return yield* fail("invalid_request", "client_id is needed.")
      const given = form.get("refresh_token") ?? ""
      const id = given.split(".", 1)[0] ?? ""
      const family = families.get(id)
      const invalid = fail("invalid_grant", "The refresh token is not valid.")
      if (family?.clientId !== clientId) return yield* invalid
      // A refresh token that comes twice may have been stolen, so none of its family is accepted any more.
      families.delete(id)
      if (family.current !== given || family.expires <= (yield* Clock.currentTimeMillis)) return yield* invalid
      return yield* grantTokens(issuer, id, family, refreshTokenOf(id, family, family.expires))
    })

  const formOf = (request: HttpServerRequest.HttpServerRequest) =>
    Effect.mapBoth(request.text, {
      onFailure: () => fail("invalid_request", "The body could not be read."),
      onSuccess: (text) => new URLSearchParams(text)
    })

  const token = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const form = yield* formOf(request)
    const issuer = issuerOf(request)
    const type = form.get("grant_type")
    if (type === "authorization_code") return yield* byCode(issuer, form)
    if (type === "refresh_token") return yield* byRefreshToken(issuer, form)
    return yield* fail("unsupported_grant_type", "authorization_code and refresh_token are supported.")
  })

  /** The sign-in that a token follows from, and whose it is; none for a token that is not valid. */
  const ownerOf = (issuer: string, given: string) =>
    Effect.gen(function* () {
      const id = given.split(".", 1)[0] ?? ""
      const family = families.get(id)
      if (family?.current === given) return Option.some({ id, clientId: family.clientId })
      const subject = yield* Effect.orElseSucceed(signing.subject(given, issuer), Option.none)
      return Option.map(subject, ({ clientId, sid }) => ({ id: sid, clientId }))
    })

  /** Either kind of token ends its sign-in as a whole. One that is not valid needs no revoking (RFC 7009, section 2.2). */
  const revoke = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const form = yield* formOf(request)
    const clientId = form.get("client_id")
    const given = form.get("token")
    if (clientId === null || given === null) return yield* fail("invalid_request", "token and client_id are needed.")
    const owner = yield* ownerOf(issuerOf(request), given)
    if (Option.isSome(owner)) {
      if (owner.value.clientId !== clientId) return yield* fail("invalid_client", "The token is of another client.")
      families.delete(owner.value.id)
      yield* signing.revoke(owner.value.id)
    }
    return HttpServerResponse.empty({ status: 200, headers: cors })
  })

  const refused = <R>(
    handler: Effect.Effect<HttpServerResponse.HttpServerResponse, OAuthError, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
    Effect.catchTag(handler, "OAuthError", (error) => Effect.succeed(refusal(error)))

  const document = (read: (issuer: string) => Effect.Effect<unknown>) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.map(read(issuerOf(request)), (body) => json(body))
    )

  const preflight = Effect.succeed(HttpServerResponse.empty({ status: 204, headers: cors }))

  return [
    HttpRouter.makeRoute(
      "GET",
      "/.well-known/oauth-authorization-server",
      document((issuer) => Effect.succeed(metadata(issuer)))
    ),
    HttpRouter.makeRoute(
      "GET",
      "/api/oauth/jwks",
      document(() => Effect.map(signing.keys, (keys) => ({ keys })))
    ),
    HttpRouter.makeRoute("GET", "/api/oauth/authorize", refused(authorize)),
    HttpRouter.makeRoute("POST", "/api/oauth/register", refused(register)),
    HttpRouter.makeRoute("POST", "/api/oauth/token", refused(token)),
    HttpRouter.makeRoute("POST", "/api/oauth/revoke", refused(revoke)),
    ...(
      [
        "/.well-known/oauth-authorization-server",
        "/api/oauth/register",
        "/api/oauth/token",
        "/api/oauth/revoke"
      ] as const
    ).map((path) => HttpRouter.makeRoute("OPTIONS", path, preflight))
  ]
}
