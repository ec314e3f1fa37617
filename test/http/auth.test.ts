import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { issuer, keyPair, signed } from "../support/issuer.ts"
import { signIn } from "../support/signIn.ts"
import { endpoint, initialize, legacy, message, modern, openSession, type Ask } from "../support/endpoint.ts"
import {
  callTool,
  jwt,
  refusing,
  resultOf,
  rpcErrorIn,
  rpcErrorOf,
  send,
  startRun,
  upstreamCalls
} from "../support/wire.ts"

const allScopes = "agents:read agents:write runs:read spaces:read spaces:write billing:read"

const past = 1_600_000_000
const future = 4_000_000_000

/** Each way to send a call, with what it needs besides the token. */
const ways = [
  { name: "modern", settings: {}, call: callTool.modern, prepare: () => Effect.succeed<Ask>({}) },
  {
    name: "a legacy session",
    settings: {},
    call: callTool.legacy,
    prepare: (mcp: string, token: string) => Effect.map(openSession(mcp, { token }), (session): Ask => ({ session }))
  },
  {
    name: "legacy without a session",
    settings: {},
    call: callTool.legacy,
    prepare: () => Effect.succeed<Ask>({})
  }
]

describe("without a token", () => {
  it.scopedLive("every method gets a challenge", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" })
      for (const method of ["POST", "GET", "DELETE"]) {
        const answer = yield* send(at.mcp, {
          method,
          headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
          ...(method === "POST" ? { body } : {})
        })
        assert.strictEqual(answer.status, 401)
        assert.strictEqual((yield* rpcErrorIn(answer.body)).code, -32001)
        assert.strictEqual(
          answer.headers["www-authenticate"],
          `Bearer resource_metadata="${at.url}/.well-known/oauth-protected-resource/mcp", scope="${allScopes}"`
        )
      }
    })
  )

  it.scopedLive("a malformed Authorization header gets a challenge too", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const authorization of [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer a b",
        "Bearer a, Bearer b",
        "Bearer tok\u00e9n",
        'Bearer "quoted"',
        "Bearer a\tb",
        "Basic YWxpY2U6c2VjcmV0",
        "ApiKey sk-123",
        "alice",
        "Bearer: alice",
        "Digest username=alice"
      ]) {
        const { headers, status } = yield* send(mcp, { method: "POST", headers: { authorization } })
        assert.strictEqual(status, 401, authorization)
        assert.match(headers["www-authenticate"] ?? "", /^Bearer resource_metadata=/u)
      }
    })
  )

  it.scopedLive("the scheme is case-insensitive, and several spaces may follow it", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const scheme of ["bearer", "BEARER", "Bearer", "Bearer  "]) {
        const response = yield* initialize(mcp, { headers: { authorization: `${scheme} alice` } })
        assert.strictEqual(response.status, 200, scheme)
      }
    })
  )

  it.scopedLive("with REQUIRE_AUTH=false a call uses the operator's key, unless it has a token of its own", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ REQUIRE_AUTH: "false", SEQUENTUM_API_KEY: "operator" })
      const bare = { headers: { authorization: "" } }
      assert.notStrictEqual((yield* resultOf(yield* callTool.modern(at.mcp, "list_spaces", {}, bare))).isError, true)
      assert.strictEqual(yield* upstreamCalls(at, "alice"), 0)
      yield* Effect.flatMap(callTool.modern(at.mcp, "list_spaces", {}, { token: "alice" }), resultOf)
      assert.strictEqual(yield* upstreamCalls(at, "alice"), 1)
      const session = yield* openSession(at.mcp, bare)
      assert.strictEqual((yield* legacy(at.mcp, "ping", {}, { ...bare, session })).status, 200)
      assert.strictEqual((yield* legacy(at.mcp, "ping", {}, { session })).status, 200)
    })
  )

  it.scopedLive("with REQUIRE_AUTH=false a malformed Authorization header is still refused", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ REQUIRE_AUTH: "false", SEQUENTUM_API_KEY: "operator" })
      for (const authorization of ["Bearer a b", "Bearer", "ApiKey sk-mine", "Basic YTpi"]) {
        const response = yield* callTool.modern(at.mcp, "list_spaces", {}, { headers: { authorization } })
        assert.strictEqual(response.status, 401, authorization)
      }
      assert.strictEqual(yield* upstreamCalls(at, "operator"), 0)
    })
  )
})

describe("a refusal of Sequentum", () => {
  for (const { call, name, prepare, settings } of ways) {
    it.scopedLive(`for a revoked token becomes a challenge: ${name}`, () =>
      Effect.gen(function* () {
        const upstream = yield* refusing(401, {})
        const { mcp, url } = yield* endpoint({ ...settings, SEQUENTUM_API_URL: upstream })
        const token = jwt({ sub: "alice", exp: future })
        const ask = yield* prepare(mcp, token)
        const response = yield* call(mcp, "list_agents", {}, { ...ask, token })
        assert.strictEqual(response.status, 401)
        assert.strictEqual(
          response.headers.get("www-authenticate"),
          `Bearer error="invalid_token", resource_metadata="${url}/.well-known/oauth-protected-resource/mcp", scope="${allScopes}"`
        )
        assert.strictEqual(response.headers.get("vary"), "Origin")
        const error = yield* rpcErrorOf(response)
        assert.strictEqual(error.code, -32001)
        assert.notInclude(error.message, token)
      })
    )

    it.scopedLive(`for a missing scope becomes a challenge that names it and the scopes that are held: ${name}`, () =>
      Effect.gen(function* () {
        const { apiUrl, mcp, url } = yield* endpoint({ ...settings, TOKEN_CHECK: "auto" })
        const { accessToken: token } = yield* signIn(apiUrl, { scope: "runs:read agents:read offline_access" })
        const ask = yield* prepare(mcp, token)
        assert.strictEqual((yield* call(mcp, "list_agents", {}, { ...ask, token })).status, 200)
        const response = yield* call(mcp, "get_credits_balance", {}, { ...ask, token })
        assert.strictEqual(response.status, 403)
        assert.strictEqual(
          response.headers.get("www-authenticate"),
          `Bearer error="insufficient_scope", scope="runs:read agents:read offline_access billing:read", resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`
        )
        assert.strictEqual((yield* rpcErrorOf(response)).code, -32001)
      })
    )

    it.scopedLive(`for any other reason stays an error of the tool: ${name}`, () =>
      Effect.gen(function* () {
        const { mcp } = yield* endpoint(settings)
        const ask = yield* prepare(mcp, "alice")
        const response = yield* call(mcp, "get_agent", { agentId: 999_999 }, ask)
        assert.strictEqual(response.status, 200)
        assert.isNull(response.headers.get("www-authenticate"))
        assert.isTrue((yield* resultOf(response)).isError)
      })
    )

    it.scoped(`stays an error of the tool when the response has begun: ${name}`, () =>
      Effect.gen(function* () {
        const at = yield* endpoint(settings, 1)
        const { mcp } = at
        // Valid while the clock stands still, for the first poll; expired at the second.
        const token = jwt({ sub: "alice", exp: 1 })
        const ask = yield* prepare(mcp, token)
        const ids = yield* startRun(at, token)
        const response = yield* call(
          mcp,
          "wait_for_run",
          { ...ids, timeoutSeconds: 10 },
          { ...ask, token },
          { progressToken: 1 }
        )
        assert.strictEqual(response.status, 200)
        const result = yield* Effect.fork(resultOf(response))
        yield* Effect.zipRight(TestClock.adjust("1 second"), upstreamCalls(at)).pipe(
          Effect.repeat({ until: () => result.unsafePoll() !== null })
        )
        const { content, isError } = yield* Fiber.join(result)
        assert.isTrue(isError)
        assert.match(content[0]?.text ?? "", /401/u)
      })
    )
  }

  it.scopedLive("without a scope, 403, stays an error of the tool", () =>
    Effect.gen(function* () {
      const upstream = yield* refusing(403, { title: "Forbidden", detail: "Not yours." })
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: upstream })
      const response = yield* callTool.modern(mcp, "list_agents", {})
      assert.strictEqual(response.status, 200)
      assert.isNull(response.headers.get("www-authenticate"))
      assert.isTrue((yield* resultOf(response)).isError)
    })
  )

  it.scopedLive("can't break out of the challenge header by its scope", () =>
    Effect.gen(function* () {
      const upstream = yield* refusing(403, {}, 'Bearer error="insufficient_scope", scope="x\\ y\u00e9"')
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: upstream })
      const response = yield* callTool.modern(mcp, "list_agents", {})
      assert.strictEqual(response.status, 403)
      assert.match(
        response.headers.get("www-authenticate") ?? "",
        /^Bearer error="insufficient_scope", scope="agents:read agents:write [a-z: ]+ x y", resource_metadata="[^"]*"$/u
      )
    })
  )

  it.scopedLive("becomes a challenge for a resource too", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const token = jwt({ sub: "alice", exp: past })
      const uri = "sequentum://spaces"
      const response = yield* modern(mcp, "resources/read", { uri }, { token, headers: { "mcp-name": uri } })
      assert.strictEqual(response.status, 401)
    })
  )

  it.scopedLive("becomes a challenge for the scope that the resource needs, if Sequentum names none", () =>
    Effect.gen(function* () {
      const key = yield* keyPair("one")
      const from = yield* issuer([key])
      from.parts.api = (_, response) =>
        response.writeHead(403, { "content-type": "application/json" }).end('{"errorCode":"insufficient_scope"}')
      const { mcp, url } = yield* endpoint({ SEQUENTUM_API_URL: from.url, TOKEN_CHECK: "auto" })
      const token = yield* signed(key, { scope: "billing:read" })
      for (const [uri, scope] of [
        ["sequentum://spaces", "spaces:read"],
        ["sequentum://agents/7/runs", "runs:read"]
      ] as const) {
        const response = yield* modern(mcp, "resources/read", { uri }, { token, headers: { "mcp-name": uri } })
        assert.strictEqual(response.status, 403)
        assert.strictEqual(
          response.headers.get("www-authenticate"),
          `Bearer error="insufficient_scope", scope="billing:read ${scope}", resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`
        )
      }
    })
  )

  it.scopedLive("for an expired token becomes a challenge for a completion too; any other gives no suggestions", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const completion = {
        ref: { type: "ref/prompt", name: "debug-agent" },
        argument: { name: "agentName", value: "b" }
      }
      const token = jwt({ sub: "alice", exp: past })
      assert.strictEqual((yield* modern(mcp, "completion/complete", completion, { token })).status, 401)
      const failing = yield* endpoint({ SEQUENTUM_API_URL: yield* refusing(422, {}) })
      const answer = yield* modern(failing.mcp, "completion/complete", completion)
      assert.strictEqual(answer.status, 200)
      assert.deepNestedPropertyVal(yield* message(answer), "result.completion.values", [])
    })
  )

  it.scopedLive("for a scope names those of the offered tools too, if the token's own are not known", () =>
    Effect.gen(function* () {
      const upstream = yield* refusing(403, {}, 'Bearer error="insufficient_scope", scope="runs:read"')
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: upstream, SEQUENTUM_TOOLSETS: "spaces,runs" })
      const response = yield* callTool.modern(mcp, "list_spaces", {})
      assert.match(
        response.headers.get("www-authenticate") ?? "",
        /^Bearer error="insufficient_scope", scope="agents:write runs:read spaces:read spaces:write", /u
      )
    })
  )
})

describe("metadata", () => {
  it.scopedLive("is at every path, for every origin, and names the authorization server", () =>
    Effect.gen(function* () {
      const { apiUrl, mcp, url } = yield* endpoint()
      const resource = {
        resource: mcp,
        resource_name: "Sequentum",
        authorization_servers: [apiUrl],
        scopes_supported: allScopes.split(" "),
        bearer_methods_supported: ["header"]
      }
      const server = {
        issuer: apiUrl,
        authorization_endpoint: `${apiUrl}/api/oauth/authorize`,
        token_endpoint: `${apiUrl}/api/oauth/token`,
        registration_endpoint: `${apiUrl}/api/oauth/register`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["none"],
        scopes_supported: [...allScopes.split(" "), "offline_access"],
        client_id_metadata_document_supported: true,
        resource_indicators_supported: true
      }
      for (const [path, expected] of [
        ["/.well-known/oauth-protected-resource", resource],
        ["/.well-known/oauth-protected-resource/mcp", resource],
        ["/.well-known/oauth-authorization-server", server],
        ["/.well-known/oauth-authorization-server/mcp", server]
      ] as const) {
        const answer = yield* send(`${url}${path}`, { headers: { origin: "https://anything.example" } })
        assert.strictEqual(answer.status, 200)
        assert.match(answer.headers["content-type"] ?? "", /^application\/json/u)
        assert.strictEqual(answer.headers["access-control-allow-origin"], "*")
        assert.deepStrictEqual(JSON.parse(answer.body), expected)
        const preflight = yield* send(`${url}${path}`, {
          method: "OPTIONS",
          headers: { origin: "https://anything.example", "access-control-request-method": "GET" }
        })
        assert.strictEqual(preflight.status, 204)
        assert.match(preflight.headers["access-control-allow-headers"] ?? "", /mcp-protocol-version/u)
      }
    })
  )

  it.scopedLive("names only the scopes that the operator's tools need, as the challenge does", () =>
    Effect.gen(function* () {
      for (const [settings, scope] of [
        [{ SEQUENTUM_READ_ONLY: "true" }, "agents:read runs:read spaces:read billing:read"],
        [{ SEQUENTUM_TOOLSETS: "billing" }, "billing:read"],
        [{ SEQUENTUM_TOOLS: "run_space_agents", SEQUENTUM_TOOLSETS: "analytics" }, "runs:read spaces:write"]
      ] as const) {
        const { mcp, url } = yield* endpoint(settings)
        // What a request narrows is its own affair: the user may want more later.
        const { headers } = yield* send(mcp, { method: "POST", headers: { "x-mcp-readonly": "true" } })
        assert.include(headers["www-authenticate"] ?? "", `, scope="${scope}"`)
        for (const [path, expected] of [
          ["/.well-known/oauth-protected-resource/mcp", scope],
          ["/.well-known/oauth-authorization-server", `${scope} offline_access`]
        ] as const) {
          const { body } = yield* send(`${url}${path}`)
          assert.deepPropertyVal(JSON.parse(body), "scopes_supported", expected.split(" "))
        }
      }
    })
  )

  it.scopedLive("has no scope to name if no tool is offered", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ SEQUENTUM_TOOLS: "delete_run", SEQUENTUM_READ_ONLY: "true" })
      const { headers } = yield* send(mcp, { method: "POST" })
      assert.strictEqual(
        headers["www-authenticate"],
        `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`
      )
    })
  )

  it.scopedLive(
    "is also where a PUBLIC_URL with a path puts it, and the challenge names an address below that path",
    () =>
      Effect.gen(function* () {
        const { url } = yield* endpoint({ PUBLIC_URL: "https://host.example/sequentum/" })
        const { headers } = yield* send(`${url}/mcp`, { method: "POST" })
        const named = /resource_metadata="([^"]*)"/u.exec(headers["www-authenticate"] ?? "")?.[1] ?? ""
        assert.strictEqual(named, "https://host.example/sequentum/.well-known/oauth-protected-resource/mcp")
        for (const path of [
          new URL(named).pathname,
          "/.well-known/oauth-protected-resource/sequentum/mcp",
          "/.well-known/oauth-protected-resource",
          "/.well-known/oauth-protected-resource/mcp"
        ]) {
          const { body } = yield* send(`${url}${path}`)
          assert.propertyVal(JSON.parse(body), "resource", "https://host.example/sequentum/mcp")
        }
        const server = yield* send(`${url}/.well-known/oauth-authorization-server/sequentum/mcp`)
        assert.strictEqual(server.status, 200)
      })
  )

  it.scopedLive("other paths get 404", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      for (const path of ["/index.html", "/mcp2", "/.well-known/openid-configuration", "/.well-known/"]) {
        assert.strictEqual((yield* send(`${url}${path}`)).status, 404, path)
      }
    })
  )
})
