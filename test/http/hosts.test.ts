import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { endpoint } from "../support/endpoint.ts"
import { rpcErrorIn, send, wire } from "../support/wire.ts"

const asked = (mcp: string, host: string, headers: Readonly<Record<string, string>> = {}) =>
  send(mcp, { method: "POST", headers: { host, ...headers } })

describe("Host header", () => {
  it.scopedLive("on loopback only names of this machine are accepted, against DNS rebinding", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const host of [
        "localhost",
        "localhost:3000",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
        "LOCALHOST:9"
      ]) {
        assert.strictEqual((yield* asked(mcp, host)).status, 401, host)
      }
      for (const host of [
        "evil.com",
        "evil.com:3000",
        "localhost.evil.com",
        "localhost.",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "[::2]",
        "::1",
        "localhost:port",
        "localhost@evil.com",
        "localhost,evil.com"
      ]) {
        const { body, headers, status } = yield* asked(mcp, host)
        assert.strictEqual(status, 403, host)
        assert.strictEqual((yield* rpcErrorIn(body)).code, -32000)
        assert.strictEqual(headers.vary, "Origin")
      }
    })
  )

  it.scopedLive("an HTTP/1.0 request without a Host is refused", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const { closed, write } = yield* wire(url)
      write("POST /mcp HTTP/1.0\r\n\r\n")
      assert.match(yield* closed, /^HTTP\/1\.1 403/u)
    })
  )

  it.scopedLive("ALLOWED_HOSTS and the host of PUBLIC_URL are accepted too", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({
        PUBLIC_URL: "https://mcp.example.com",
        ALLOWED_HOSTS: "internal.example, strict.example:8080"
      })
      for (const host of [
        "mcp.example.com",
        "mcp.example.com:443",
        "internal.example",
        "internal.example:1234",
        "strict.example:8080",
        "localhost"
      ]) {
        assert.strictEqual((yield* asked(mcp, host)).status, 401, host)
      }
      for (const host of ["strict.example", "strict.example:80", "example.com", "x.internal.example"]) {
        assert.strictEqual((yield* asked(mcp, host)).status, 403, host)
      }
    })
  )

  it.scopedLive("on other addresses any Host is accepted, unless ALLOWED_HOSTS names some", () =>
    Effect.gen(function* () {
      const open = yield* endpoint({ HOST: "0.0.0.0" })
      const port = new URL(open.url).port
      assert.strictEqual((yield* asked(`http://127.0.0.1:${port}/mcp`, "anything.example")).status, 401)
      const named = yield* endpoint({ HOST: "0.0.0.0", ALLOWED_HOSTS: "mcp.example.com" })
      const mcp = `http://127.0.0.1:${new URL(named.url).port}/mcp`
      assert.strictEqual((yield* asked(mcp, "mcp.example.com")).status, 401)
      assert.strictEqual((yield* asked(mcp, "localhost")).status, 403)
    })
  )

  it.scopedLive("X-Forwarded-Host does not count, even from a trusted proxy", () =>
    Effect.gen(function* () {
      for (const TRUST_PROXY of ["false", "true"]) {
        const { mcp } = yield* endpoint({ TRUST_PROXY })
        assert.strictEqual((yield* asked(mcp, "evil.com", { "x-forwarded-host": "localhost" })).status, 403)
      }
    })
  )
})

const metadataUrl = (challenge: string | undefined) => /resource_metadata="([^"]*)"/u.exec(challenge ?? "")?.[1]

const path = "/.well-known/oauth-protected-resource/mcp"

const forged = {
  "x-forwarded-host": "mcp.evil.com",
  "x-forwarded-proto": "https",
  forwarded: "host=mcp.evil.com;proto=https"
}

describe("advertised address", () => {
  it.scopedLive("is the address that the server listens on, whatever headers a client sends", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const { headers } = yield* asked(mcp, "localhost", forged)
      assert.strictEqual(metadataUrl(headers["www-authenticate"]), `${url}${path}`)
      const { body } = yield* send(`${url}${path}`, { headers: { host: "mcp.evil.com", ...forged } })
      assert.include(body, `"resource":"${mcp}"`)
      assert.notInclude(body, "evil")
    })
  )

  it.scopedLive("is PUBLIC_URL if that is set, even behind a trusted proxy", () =>
    Effect.gen(function* () {
      for (const TRUST_PROXY of ["false", "true"]) {
        const { mcp, url } = yield* endpoint({ PUBLIC_URL: "https://mcp.example.com/", TRUST_PROXY })
        const { headers } = yield* asked(mcp, "localhost", forged)
        assert.strictEqual(metadataUrl(headers["www-authenticate"]), `https://mcp.example.com${path}`)
        const { body } = yield* send(`${url}${path}`, { headers: forged })
        assert.include(body, `"resource":"https://mcp.example.com/mcp"`)
      }
    })
  )

  it.scopedLive("is the last entry of a trusted proxy's headers, if its host is allowed", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({
        TRUST_PROXY: "true",
        ALLOWED_HOSTS: "mcp.example.com,[2001:db8::1],localhost"
      })
      const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
        [{ "x-forwarded-host": "mcp.example.com" }, "https://mcp.example.com"],
        [{ "x-forwarded-host": "mcp.example.com", "x-forwarded-proto": "http" }, "http://mcp.example.com"],
        [{ "x-forwarded-host": "MCP.example.com:8443", "x-forwarded-proto": "HTTPS" }, "https://mcp.example.com:8443"],
        [
          { "x-forwarded-host": "evil.com, mcp.example.com", "x-forwarded-proto": "http, https" },
          "https://mcp.example.com"
        ],
        [{ "x-forwarded-proto": "https" }, "https://localhost:81"],
        [{ "x-forwarded-host": "[2001:db8::1]:443" }, "https://[2001:db8::1]:443"],
        [{ "x-forwarded-host": "evil.com" }, url],
        [{ "x-forwarded-host": "mcp.example.com, evil.com" }, url],
        [{}, url],
        [{ "x-forwarded-host": "mcp.evil.com" }, url],
        [{ "x-forwarded-host": "mcp.example.com.evil.com" }, url],
        [{ "x-forwarded-host": 'evil.com"' }, url],
        [{ "x-forwarded-host": "evil.com/path" }, url],
        [{ "x-forwarded-host": "user@evil.com" }, url],
        [{ "x-forwarded-host": "mcp.example.com", "x-forwarded-proto": "javascript" }, url]
      ]
      for (const [forwarded, base] of cases) {
        const { headers } = yield* asked(mcp, "localhost:81", forwarded)
        assert.strictEqual(metadataUrl(headers["www-authenticate"]), `${base}${path}`)
        const { body } = yield* send(`${url}${path}`, { headers: { host: "localhost:81", ...forwarded } })
        assert.include(body, `"resource":"${base}/mcp"`)
      }
    })
  )

  it.scopedLive("is not steered by a trusted proxy's headers where no hosts are allowed", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ TRUST_PROXY: "true" })
      const { headers } = yield* asked(mcp, "localhost", forged)
      assert.strictEqual(metadataUrl(headers["www-authenticate"]), `${url}${path}`)
      assert.notInclude((yield* send(`${url}${path}`, { headers: forged })).body, "evil")
    })
  )
})
