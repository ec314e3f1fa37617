import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose"
import { serve, type SandboxOptions } from "../../src/sandbox/server.ts"
import {
  authorize,
  broughtBack,
  jsonOf,
  metadataOf,
  redirectUri,
  register,
  registered,
  revoke,
  signIn,
  token,
  tokensIn,
  verifier
} from "../support/signIn.ts"
import { jwt } from "../support/wire.ts"

const apiScopes = "agents:read agents:write runs:read spaces:read spaces:write billing:read"

const start = (options: SandboxOptions = {}) => Effect.map(serve(options), ({ url }) => url)

const call = (url: string, path: string, secret: string, method = "GET") =>
  Effect.promise(() => fetch(`${url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${secret}` } }))

const statusOf = (url: string, path: string, secret: string) =>
  Effect.map(call(url, path, secret), ({ status }) => status)

const Failure = Schema.Struct({ error: Schema.String, error_description: Schema.String })

const errorIn = (response: Response) =>
  Effect.map(jsonOf(Failure, response), ({ error }) => [response.status, error] as const)

const verified = (url: string, accessToken: string) =>
  Effect.gen(function* () {
    const { jwks_uri } = yield* metadataOf(url)
    return yield* Effect.promise(() =>
      jwtVerify(accessToken, createRemoteJWKSet(new URL(jwks_uri)), { issuer: url, currentDate: new Date(0) })
    )
  })

describe("the authorization server of the sandbox", () => {
  it.scoped("describes itself: each endpoint is on the host of the API", () =>
    Effect.gen(function* () {
      const url = yield* start()
      const response = yield* Effect.promise(() => fetch(`${url}/.well-known/oauth-authorization-server`))
      assert.strictEqual(response.headers.get("access-control-allow-origin"), "*")
      assert.deepStrictEqual(yield* jsonOf(Schema.Unknown, response), {
        issuer: url,
        authorization_endpoint: `${url}/api/oauth/authorize`,
        token_endpoint: `${url}/api/oauth/token`,
        registration_endpoint: `${url}/api/oauth/register`,
        revocation_endpoint: `${url}/api/oauth/revoke`,
        jwks_uri: `${url}/api/oauth/jwks`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["none"],
        revocation_endpoint_auth_methods_supported: ["none"],
        scopes_supported: [...apiScopes.split(" "), "offline_access"],
        client_id_metadata_document_supported: true,
        resource_indicators_supported: true,
        authorization_response_iss_parameter_supported: true
      })
    })
  )

  it.scoped("signs tokens that its keys verify, with the account, the client, the resource and the scopes", () =>
    Effect.gen(function* () {
      const url = yield* start({ tokenLife: 20 })
      const resource = "https://mcp.example.com/mcp"
      const scope = "runs:read billing:read"
      const { accessToken, clientId } = yield* signIn(url, { scope, resource, login_hint: "alice" })
      const { payload } = yield* verified(url, accessToken)
      assert.deepInclude(payload, {
        iss: url,
        sub: "alice",
        aud: resource,
        client_id: clientId,
        scope,
        iat: 0,
        exp: 20
      })
      const simple = yield* signIn(url)
      const { aud, scope: granted, sub } = decodeJwt<{ readonly scope: string }>(simple.accessToken)
      assert.deepStrictEqual([sub, aud, granted], ["demo", url, apiScopes])
      assert.strictEqual(simple.refreshToken, "")
    })
  )

  it.scoped("gives all tokens of a user one account, which other tokens do not reach", () =>
    Effect.gen(function* () {
      const url = yield* start()
      const tokens = yield* Effect.forEach(["demo", "demo", "bob"], (login_hint) => signIn(url, { login_hint }))
      const [first = "", second = "", bob = ""] = tokens.map(({ accessToken }) => accessToken)
      const started = yield* Effect.flatMap(call(url, "/agent/4101/start", first, "POST"), (response) =>
        jsonOf(Schema.Struct({ id: Schema.Int }), response)
      )
      const path = `/agent/4101/run/${started.id}/status`
      assert.deepStrictEqual(
        yield* Effect.forEach([second, bob, "demo"], (secret) => statusOf(url, path, secret)),
        [200, 404, 404]
      )
      const parts = first.split(".")
      for (const forged of [
        jwt({ iss: url, sub: "demo", scope: apiScopes }),
        [parts[0], parts[1], "AAAA"].join("."),
        [parts[0], jwt({ sub: "demo", scope: apiScopes }).split(".")[1], parts[2]].join(".")
      ]) {
        assert.strictEqual(yield* statusOf(url, path, forged), 401)
      }
    })
  )

  it.scoped("limits a token to its scopes and its life", () =>
    Effect.gen(function* () {
      const url = yield* start({ tokenLife: 20 })
      const { accessToken } = yield* signIn(url, { scope: "spaces:read" })
      assert.strictEqual(yield* statusOf(url, "/spaces", accessToken), 200)
      assert.strictEqual(yield* statusOf(url, "/billing/credits", accessToken), 403)
      yield* TestClock.adjust("19999 millis")
      assert.strictEqual(yield* statusOf(url, "/spaces", accessToken), 200)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* statusOf(url, "/spaces", accessToken), 401)
    })
  )

  it.scoped("signs with a new key after the life of a key, and shows the old one as long as its tokens live", () =>
    Effect.gen(function* () {
      const url = yield* start({ tokenLife: 20, keyLife: 60 })
      const keyOf = (accessToken: string) => decodeProtectedHeader(accessToken).kid
      const shown = Effect.gen(function* () {
        const { jwks_uri } = yield* metadataOf(url)
        const keys = yield* Effect.flatMap(
          Effect.promise(() => fetch(jwks_uri)),
          (response) => jsonOf(Schema.Struct({ keys: Schema.Array(Schema.Struct({ kid: Schema.String })) }), response)
        )
        return keys.keys.map(({ kid }) => kid)
      })
      const first = yield* signIn(url)
      yield* TestClock.adjust("59 seconds")
      const late = yield* signIn(url)
      assert.strictEqual(keyOf(late.accessToken), keyOf(first.accessToken))
      yield* TestClock.adjust("1 second")
      const next = yield* signIn(url)
      assert.notStrictEqual(keyOf(next.accessToken), keyOf(first.accessToken))
      assert.deepStrictEqual(yield* shown, [keyOf(first.accessToken), keyOf(next.accessToken)])
      assert.strictEqual(yield* statusOf(url, "/spaces", late.accessToken), 200)
      yield* TestClock.adjust("21 seconds")
      assert.deepStrictEqual(yield* shown, [keyOf(next.accessToken)])
    })
  )

  it.scoped("replaces a refresh token at each use, and refuses the whole family if one comes twice", () =>
    Effect.gen(function* () {
      const url = yield* start({ tokenLife: 20 })
      const scope = "spaces:read offline_access"
      const { accessToken, clientId, refreshToken } = yield* signIn(url, { scope })
      const refresh = (refresh_token: string, client_id = clientId) =>
        token(url, { grant_type: "refresh_token", refresh_token, client_id })
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* statusOf(url, "/spaces", accessToken), 401)
      const second = yield* Effect.flatMap(refresh(refreshToken), tokensIn)
      assert.deepInclude(second, { scope, expires_in: 20 })
      assert.strictEqual(yield* statusOf(url, "/spaces", second.access_token), 200)
      const third = yield* Effect.flatMap(refresh(second.refresh_token ?? ""), tokensIn)
      const invalid = [400, "invalid_grant"] as const
      assert.deepStrictEqual(yield* Effect.flatMap(refresh(third.refresh_token ?? "", "another"), errorIn), invalid)
      assert.deepStrictEqual(yield* Effect.flatMap(refresh(refreshToken), errorIn), invalid)
      assert.deepStrictEqual(yield* Effect.flatMap(refresh(third.refresh_token ?? ""), errorIn), invalid)
      const other = yield* signIn(url, { scope })
      yield* TestClock.adjust("90 days")
      assert.deepStrictEqual(yield* Effect.flatMap(refresh(other.refreshToken, other.clientId), errorIn), invalid)
      const unnamed = yield* token(url, { grant_type: "refresh_token", refresh_token: other.refreshToken })
      assert.deepStrictEqual(yield* errorIn(unnamed), [400, "invalid_request"])
    })
  )

  it.scoped("ends a sign-in by either of its tokens, and no other one", () =>
    Effect.gen(function* () {
      const url = yield* start()
      const scope = "spaces:read offline_access"
      const other = yield* signIn(url, { scope })
      for (const kind of ["accessToken", "refreshToken"] as const) {
        const { [kind]: given, accessToken, clientId, refreshToken } = yield* signIn(url, { scope })
        const strange = yield* revoke(url, { token: given, client_id: other.clientId })
        assert.deepStrictEqual(yield* errorIn(strange), [400, "invalid_client"])
        assert.deepStrictEqual(yield* Effect.flatMap(revoke(url, { token: given }), errorIn), [400, "invalid_request"])
        assert.strictEqual(yield* statusOf(url, "/spaces", accessToken), 200)
        for (const _ of ["first", "again"]) {
          assert.strictEqual((yield* revoke(url, { token: given, client_id: clientId })).status, 200)
        }
        assert.strictEqual(yield* statusOf(url, "/spaces", accessToken), 401)
        const renewed = yield* token(url, {
          grant_type: "refresh_token",
          refresh_token: refreshToken,
          client_id: clientId
        })
        assert.deepStrictEqual(yield* errorIn(renewed), [400, "invalid_grant"])
      }
      assert.strictEqual((yield* revoke(url, { token: "nonsense", client_id: "x" })).status, 200)
      assert.strictEqual(yield* statusOf(url, "/spaces", other.accessToken), 200)
    })
  )

  it.scoped("registers clients of this machine only", () =>
    Effect.gen(function* () {
      const url = yield* start()
      const accepted = yield* register(url, { redirect_uris: [redirectUri, "http://localhost/cb", "http://[::1]:80/"] })
      assert.strictEqual(accepted.status, 201)
      for (const uri of [
        "https://evil.example/cb",
        "http://127.0.0.1.evil.example/",
        "http://localhost@evil.example/",
        "cursor://x",
        ""
      ]) {
        const refused = yield* register(url, { redirect_uris: [redirectUri, uri] })
        assert.deepStrictEqual(yield* errorIn(refused), [400, "invalid_redirect_uri"], uri)
      }
      for (const body of [{}, [], { redirect_uris: [] }, { redirect_uris: "x" }]) {
        assert.deepStrictEqual(yield* Effect.flatMap(register(url, body), errorIn), [400, "invalid_client_metadata"])
      }
    })
  )

  it.scoped("sends a code only to an address that the client registered, whatever its port", () =>
    Effect.gen(function* () {
      const url = yield* start()
      const clientId = yield* registered(url)
      for (const redirect_uri of ["http://127.0.0.1:1/callback", redirectUri]) {
        const response = yield* authorize(url, clientId, { redirect_uri })
        assert.strictEqual(response.status, 302)
        assert.isTrue(response.headers.get("location")?.startsWith(`${redirect_uri}?`))
        assert.deepInclude(broughtBack(response), { state: "the state", iss: url })
      }
      for (const redirect_uri of ["http://127.0.0.1:7777/other", "https://evil.example/callback", "nonsense", ""]) {
        const response = yield* authorize(url, clientId, { redirect_uri })
        assert.deepStrictEqual(yield* errorIn(response), [400, "invalid_request"], redirect_uri)
      }
      assert.strictEqual((yield* authorize(url, "unknown")).status, 400)
      // A client that names itself by the URL of its metadata.
      assert.strictEqual((yield* authorize(url, "https://app.example.com/client.json")).status, 302)
      for (const [changes, error] of [
        [{ response_type: "token" }, "unsupported_response_type"],
        [{ code_challenge: "" }, "invalid_request"],
        [{ code_challenge_method: "plain" }, "invalid_request"],
        [{ scope: "agents:read everything" }, "invalid_scope"]
      ] as const) {
        const back = broughtBack(yield* authorize(url, clientId, changes))
        assert.deepInclude(back, { error, state: "the state" })
        assert.notProperty(back, "code")
      }
    })
  )

  it.scoped("exchanges a code once, within a minute, for the client that asked and knows the verifier", () =>
    Effect.gen(function* () {
      const url = yield* start()
      const clientId = yield* registered(url)
      const exchange = (changes: Readonly<Record<string, string>> = {}, wait = 0) =>
        Effect.gen(function* () {
          const { code = "" } = broughtBack(yield* authorize(url, clientId))
          yield* TestClock.adjust(wait)
          const form = {
            grant_type: "authorization_code",
            client_id: clientId,
            redirect_uri: redirectUri,
            code,
            code_verifier: verifier,
            ...changes
          }
          return { form, response: yield* token(url, form) }
        })
      const good = yield* exchange()
      assert.strictEqual(good.response.status, 200)
      const invalid = [400, "invalid_grant"] as const
      assert.deepStrictEqual(yield* Effect.flatMap(token(url, good.form), errorIn), invalid)
      for (const [changes, wait] of [
        [{ code_verifier: "wrong" }, 0],
        [{ client_id: yield* registered(url) }, 0],
        [{ redirect_uri: "http://127.0.0.1:1/callback" }, 0],
        [{ code: "wrong" }, 0],
        [{}, 60_000]
      ] as const) {
        const { response } = yield* exchange(changes, wait)
        assert.deepStrictEqual(yield* errorIn(response), invalid, JSON.stringify(changes))
      }
      const { response } = yield* exchange({ grant_type: "password" })
      assert.deepStrictEqual(yield* errorIn(response), [400, "unsupported_grant_type"])
    })
  )
})
