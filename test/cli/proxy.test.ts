import { assert, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { message, modern } from "../support/endpoint.ts"
import { certificate, key } from "../sequentum/certificate.ts"
import { listening, proxy } from "../support/sockets.ts"
import { run, start, until } from "../support/program.ts"

/** A file with the certificate of the tests' own authority. */
const authority = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const folder = await mkdtemp(join(tmpdir(), "sequentum-"))
      await writeFile(join(folder, "authority.pem"), certificate)
      return folder
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  ),
  (folder) => join(folder, "authority.pem")
)

/** A proxy before a Sequentum that speaks https, and the settings for both. */
const behindProxy = Effect.gen(function* () {
  const seen: Array<string> = []
  const server = createServer({ key, cert: certificate }, (request, response) => {
    seen.push(`${request.headers.host ?? ""}${request.url ?? ""}`)
    response.writeHead(200, { "content-type": "application/json" }).end('{"totalCount":3}')
  })
  const { asked, url } = yield* proxy(yield* listening(server))
  yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  return {
    asked,
    seen,
    proxyUrl: url,
    settings: { SEQUENTUM_API_KEY: "sk-test", SEQUENTUM_API_URL: "https://api.sequentum.test" }
  }
})

const tunnel = "CONNECT api.sequentum.test:443"
const request = "api.sequentum.test/api/v1/agent/personal/count"

describe("behind a proxy", () => {
  for (const name of ["HTTPS_PROXY", "https_proxy"]) {
    it.scopedLive(`call goes through ${name}`, () =>
      Effect.gen(function* () {
        const { asked, proxyUrl, seen, settings } = yield* behindProxy
        const env = { ...settings, [name]: proxyUrl, NODE_EXTRA_CA_CERTS: yield* authority }
        const { code, stderr, stdout } = yield* run(["call", "get_personal_agent_count", "{}", "--json"], { env })
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(JSON.parse(stdout), { totalCount: 3 })
        assert.deepStrictEqual(asked, [tunnel])
        assert.deepStrictEqual(seen, [request])
      })
    )
  }

  it.scopedLive("the endpoint goes through HTTPS_PROXY", () =>
    Effect.gen(function* () {
      const { asked, proxyUrl, seen, settings } = yield* behindProxy
      const { child, written } = yield* start(["http", "--port", "0"], {
        env: {
          ...settings,
          REQUIRE_AUTH: "false",
          TOKEN_CHECK: "off",
          HTTPS_PROXY: proxyUrl,
          NODE_EXTRA_CA_CERTS: yield* authority
        }
      })
      const address = /http:\/\/127\.0\.0\.1:\d+/u
      yield* until(child.stderr, () => address.test(written.stderr))
      const mcp = `${address.exec(written.stderr)?.[0] ?? ""}/mcp`
      const answer = yield* modern(mcp, "tools/call", { name: "get_personal_agent_count", arguments: {} })
      assert.match(JSON.stringify(yield* message(answer)), /"totalCount":3/u)
      assert.deepStrictEqual(asked, [tunnel])
      assert.deepStrictEqual(seen, [request])
    })
  )

  it.scopedLive("NO_PROXY leaves the proxy out", () =>
    Effect.gen(function* () {
      const { asked, proxyUrl, settings } = yield* behindProxy
      const env = { ...settings, HTTPS_PROXY: proxyUrl, no_proxy: "example.com, .test" }
      yield* run(["call", "get_personal_agent_count"], { env })
      assert.deepStrictEqual(asked, [])
    })
  )

  it.scopedLive("a certificate of an authority that is not known is named with its setting", () =>
    Effect.gen(function* () {
      const { proxyUrl, settings } = yield* behindProxy
      const env = { ...settings, HTTPS_PROXY: proxyUrl }
      const { code, stderr } = yield* run(["call", "get_personal_agent_count"], { env })
      assert.strictEqual(code, 6)
      assert.match(stderr, /certificate of Sequentum is not trusted.*NODE_EXTRA_CA_CERTS/u)
      assert.notMatch(stderr, /in a minute/u)
    })
  )

  it.live("an address that is not one of a proxy stops the start with one line, which does not repeat it", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run([], {
        env: { SEQUENTUM_API_KEY: "sk-test", HTTPS_PROXY: "socks5://me:secret@proxy.test" }
      })
      assert.strictEqual(code, 2)
      assert.match(stderr, /^HTTPS_PROXY must be the address of an HTTP proxy, [^\n]+\n$/u)
      assert.notInclude(stderr, "secret")
    })
  )
})
