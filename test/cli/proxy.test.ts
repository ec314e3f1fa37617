import { assert, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { message, modern } from "../support/endpoint.ts"
import { certificate, expiredCertificate, key } from "../sequentum/certificate.ts"
import { listening, proxy, upstream } from "../support/sockets.ts"
import { run, start, until } from "../support/program.ts"
import { greeted } from "../support/stdioServer.ts"

/** A file with a certificate that stands for its own authority. */
const fileOf = (trusted: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const folder = await mkdtemp(join(tmpdir(), "sequentum-"))
        await writeFile(join(folder, "authority.pem"), trusted)
        return folder
      }),
      (folder) => Effect.promise(() => rm(folder, { recursive: true }))
    ),
    (folder) => join(folder, "authority.pem")
  )

const authority = fileOf(certificate)

/** A proxy before a Sequentum that speaks https, and the settings for both. */
const behindProxyWith = (cert: string) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const server = createServer({ key, cert }, (request, response) => {
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

const behindProxy = behindProxyWith(certificate)

type Settings = Readonly<Record<string, string>>

/** What a call over stdio is answered with. */
const overStdio = (env: Settings) =>
  Effect.gen(function* () {
    const server = yield* greeted({ env })
    server.request(2, "tools/call", { name: "get_personal_agent_count", arguments: {} })
    return JSON.stringify((yield* server.answer(2)).result)
  })

/** What a call over HTTP is answered with. */
const overHttp = (settings: Settings) =>
  Effect.gen(function* () {
    const { child, written } = yield* start(["http", "--port", "0"], {
      env: { ...settings, REQUIRE_AUTH: "false", TOKEN_CHECK: "off" }
    })
    const address = /http:\/\/127\.0\.0\.1:\d+/u
    yield* until(child.stderr, () => address.test(written.stderr))
    const mcp = `${address.exec(written.stderr)?.[0] ?? ""}/mcp`
    const answer = yield* modern(mcp, "tools/call", { name: "get_personal_agent_count", arguments: {} })
    return JSON.stringify(yield* message(answer))
  })

const servers = [
  ["stdio", "NO_PROXY", overStdio],
  ["http", "no_proxy", overHttp]
] as const

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

  for (const [transport, exception, answered] of servers) {
    for (const name of ["HTTPS_PROXY", "https_proxy"]) {
      it.scopedLive(`a server over ${transport} goes through ${name}`, () =>
        Effect.gen(function* () {
          const { asked, proxyUrl, seen, settings } = yield* behindProxy
          const answer = yield* answered({ ...settings, [name]: proxyUrl, NODE_EXTRA_CA_CERTS: yield* authority })
          assert.match(answer, /"totalCount":3/u)
          assert.deepStrictEqual(asked, [tunnel])
          assert.deepStrictEqual(seen, [request])
        })
      )
    }

    it.scopedLive(
      `a server over ${transport} leaves the proxy out where ${exception} says so, and for loopback always`,
      () =>
        Effect.gen(function* () {
          const { asked, proxyUrl, settings } = yield* behindProxy
          const api = yield* upstream((_, response) => response.end('{"totalCount":3}'))
          const both = { ...settings, HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl }
          assert.match(
            yield* answered({ ...both, SEQUENTUM_API_URL: api.url, [exception]: "other.test" }),
            /"totalCount":3/u
          )
          // Nothing is there, so no answer comes soon.
          const away = { ...both, SEQUENTUM_API_URL: "https://192.0.2.1", [exception]: "example.com, 192.0.2.0/24" }
          yield* Effect.timeoutOption(answered(away), "1 second")
          assert.deepStrictEqual(asked, [])
        })
    )

    for (const [what, cert, apiUrl, words] of [
      ["is not trusted", certificate, undefined, /not trusted on this machine.*NODE_EXTRA_CA_CERTS/u],
      ["is of another host", certificate, "https://other.sequentum.test", /of another host.*SEQUENTUM_API_URL/u],
      ["has run out", expiredCertificate, undefined, /not valid at this time.*clock/u]
    ] as const) {
      it.scopedLive(`a certificate that ${what} is named with its cure, over ${transport}`, () =>
        Effect.gen(function* () {
          const { proxyUrl, seen, settings } = yield* behindProxyWith(cert)
          const isTrusted = what !== "is not trusted"
          const answer = yield* answered({
            ...settings,
            HTTPS_PROXY: proxyUrl,
            ...(apiUrl === undefined ? {} : { SEQUENTUM_API_URL: apiUrl }),
            ...(isTrusted ? { NODE_EXTRA_CA_CERTS: yield* fileOf(cert) } : {})
          })
          assert.match(answer, words)
          assert.notMatch(answer, /in a minute/u)
          assert.deepStrictEqual(seen, [])
        })
      )
    }
  }

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
