import { assert, describe, it } from "@effect/vitest"
import { createServer as createHttpsServer } from "node:https"
import { createServer as createTcpServer } from "node:net"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import { proxyFor } from "../../src/sequentum/client/proxies.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import { AgentId, FileId, RunId } from "../../src/sequentum/schemas/common.ts"
import { whileTimePasses } from "../support/time.ts"
import { freePort } from "../support/freePort.ts"
import { asCaller } from "../support/http.ts"
import { certificate, key } from "./certificate.ts"
import { clients, connect, listening, proxies, proxy, upstream } from "../support/sockets.ts"

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })

const address = (url: string) => Redacted.make(new URL(url))
const secure = address("http://secure.test:1")
const plain = address("http://plain.test:2")

describe("proxyFor", () => {
  const chosen = (url: string, none: ReadonlyArray<string> = []) =>
    Option.match(proxyFor(proxies({ https: secure, http: plain, none }), new URL(url)), {
      onNone: () => "directly",
      onSome: (proxy) => (proxy === secure ? "secure" : "plain")
    })

  for (const [url, none, expected] of [
    ["https://dashboard.sequentum.com", [], "secure"],
    ["http://files.test/a", [], "plain"],
    ["https://127.0.0.1:4100", [], "directly"],
    ["https://127.1.2.3", [], "directly"],
    ["https://127.1", [], "directly"],
    ["https://localhost", [], "directly"],
    ["https://LOCALHOST.:80", [], "directly"],
    ["https://api.localhost", [], "directly"],
    ["https://[::1]:4100", [], "directly"],
    ["https://[::ffff:127.0.0.1]", [], "directly"],
    ["https://localhost.test", [], "secure"],
    ["https://128.0.0.1", [], "secure"],
    ["https://api.test", ["api.test"], "directly"],
    ["https://API.test", ["Api.Test"], "directly"],
    ["https://a.api.test", ["api.test"], "directly"],
    ["https://a.api.test", [".api.test"], "directly"],
    ["https://a.api.test", ["*.api.test"], "directly"],
    ["https://notapi.test", ["api.test"], "secure"],
    ["https://api.test.evil.test", ["api.test"], "secure"],
    ["https://api.test", ["*"], "directly"],
    ["https://api.test", ["other.test", "api.test"], "directly"],
    ["https://api.test", ["api.test:443"], "directly"],
    ["https://api.test", ["api.test:8443"], "secure"],
    ["https://api.test:8443", ["api.test:8443"], "directly"],
    ["http://api.test", ["api.test:80"], "directly"],
    ["https://10.1.2.3", ["10.0.0.0/8"], "directly"],
    ["https://11.1.2.3", ["10.0.0.0/8"], "secure"],
    ["https://10.1.2.3", ["10.1.2.3"], "directly"],
    ["https://10.1.2.3:99", ["10.1.2.3:99"], "directly"],
    ["https://10.1.2.34", ["10.1.2.3"], "secure"],
    ["https://[fd00::1]", ["fd00::/8"], "directly"],
    ["https://[fd00::1]", ["[fd00::1]"], "directly"],
    ["https://[fd00::1]:99", ["[fd00::1]:99"], "directly"],
    ["https://[fd00::1]", ["fd00:0:0::1"], "directly"],
    ["https://api.test", ["", ".", ":", "/", "10.0.0.0/99", "x/8", "[", "*."], "secure"]
  ] as const) {
    it(`reaches ${url} ${expected}${none.length === 0 ? "" : `, without a proxy for ${none.join(" ")}`}`, () => {
      assert.strictEqual(chosen(url, none), expected)
    })
  }

  it.prop("never has a proxy for loopback, and never fails", [FastCheck.array(FastCheck.string())], ([none]) => {
    assert.strictEqual(chosen("https://127.0.0.1", none), "directly")
    chosen("https://api.test", none)
    chosen("https://[fd00::1]:8443", none)
  })
})

const portOf = (url: string) => Number(new URL(url).port)

for (const [name, upstreamOf] of clients) {
  const through = (proxyUrl: string, apiUrl = "http://api.test:4711") =>
    connect(upstreamOf, apiUrl, proxies({ https: address(proxyUrl), http: address(proxyUrl) }))

  const get = (proxyUrl: string, apiUrl?: string) =>
    Effect.flatMap(through(proxyUrl, apiUrl), ({ client }) =>
      Effect.flatMap(client, (connected) => asCaller(connected.get(thing, Ok)))
    )

  describe(`a proxy over ${name}`, () => {
    it.scopedLive("is asked for a tunnel to the API, with its credentials", () =>
      Effect.gen(function* () {
        const seen: Array<string | undefined> = []
        const api = yield* upstream((request, response) => {
          seen.push(request.headers.host, request.headers["proxy-authorization"])
          response.end('{"ok":true}')
        })
        const { asked, credentials, url } = yield* proxy(portOf(api.url))
        assert.deepStrictEqual(yield* get(url.replace("//", "//me:p%40ss@")), { ok: true })
        assert.deepStrictEqual(asked, ["CONNECT api.test:4711"])
        assert.deepStrictEqual(credentials, [`Basic ${Buffer.from("me:p@ss").toString("base64")}`])
        assert.deepStrictEqual(seen, ["api.test:4711", undefined])
      })
    )

    it.scopedLive("leaves one tunnel for many requests", () =>
      Effect.gen(function* () {
        const api = yield* upstream((_, response) => response.end('{"ok":true}'))
        const { asked, url } = yield* proxy(portOf(api.url))
        const { client } = yield* through(url)
        const connected = yield* client
        yield* Effect.repeatN(asCaller(connected.get(thing, Ok)), 9)
        assert.isAtMost(asked.length, 2)
      })
    )

    it.scopedLive("is not asked for loopback", () =>
      Effect.gen(function* () {
        const api = yield* upstream((_, response) => response.end('{"ok":true}'))
        const { asked, url } = yield* proxy(portOf(api.url))
        assert.deepStrictEqual(yield* get(url, api.url), { ok: true })
        assert.deepStrictEqual(asked, [])
      })
    )

    it.scopedLive("leads to TLS, whose certificate is checked, and the error names the setting for it", () =>
      Effect.gen(function* () {
        const port = yield* listening(createHttpsServer({ key, cert: certificate }))
        const { asked, url } = yield* proxy(port)
        const error = yield* Effect.flip(get(url, "https://api.sequentum.test"))
        assert.deepStrictEqual(asked, ["CONNECT api.sequentum.test:443"])
        const { outcome, text } = meaningOf(error)
        assert.strictEqual(outcome, "refused")
        assert.match(text, /not trusted/u)
        assert.match(text, /NODE_EXTRA_CA_CERTS/u)
      })
    )

    for (const [status, words] of [
      [407, /^The proxy wants a user name and a password \(PROXY_407\).*HTTPS_PROXY/u],
      [403, /^The proxy refused to connect to Sequentum \(PROXY_403\).*HTTPS_PROXY/u]
    ] as const) {
      it.scopedLive(`that refuses with ${status} is not taken for Sequentum, and the error names its settings`, () =>
        Effect.gen(function* () {
          const { asked, url } = yield* proxy({ status })
          const error = yield* Effect.flip(get(url))
          const { outcome, text } = meaningOf(error)
          assert.strictEqual(outcome, "refused")
          assert.match(text, words)
          assert.strictEqual(asked.length, 1)
        })
      )
    }

    for (const [what, target] of [
      ["answers 502", { status: 502 }],
      ["hangs up", "silence"]
    ] as const) {
      it.scoped(`that ${what} did not let a request reach Sequentum`, () =>
        Effect.gen(function* () {
          const { url } = yield* proxy(target)
          const { client } = yield* through(url)
          const connected = yield* client
          const error = yield* whileTimePasses(Effect.flip(asCaller(connected.post(thing, Ok))))
          assert.isTrue(error._tag === "ConnectionFailed" && !error.reached, JSON.stringify(error))
          assert.match(meaningOf(error).text, /Nothing was changed.*HTTPS_PROXY/u)
        })
      )
    }

    it.scoped("that is not there is named in the error", () =>
      Effect.gen(function* () {
        const port = yield* freePort
        const error = yield* whileTimePasses(Effect.flip(get(`http://127.0.0.1:${port}`)))
        assert.isTrue(error._tag === "ConnectionFailed" && !error.reached)
        assert.match(meaningOf(error).text, /ECONNREFUSED.*HTTPS_PROXY/u)
      })
    )

    it.scopedLive("is asked for the files too", () =>
      Effect.gen(function* () {
        const api = yield* upstream((request, response) => {
          if (request.url?.endsWith("/download") === true) {
            response.writeHead(302, { location: "http://files.test:4712/signed?sig=1" }).end()
          } else response.end(`${request.headers.host ?? ""}${request.url ?? ""}`)
        })
        const { asked, url } = yield* proxy(portOf(api.url))
        const { files } = yield* through(url)
        const content = (yield* files).content(AgentId.make(1), RunId.make(2), FileId.make(3))
        const chunks = yield* asCaller(Stream.runCollect(content))
        assert.strictEqual(Buffer.concat(Chunk.toReadonlyArray(chunks)).toString(), "files.test:4712/signed?sig=1")
        assert.deepStrictEqual(asked, ["CONNECT api.test:4711", "CONNECT files.test:4712"])
      })
    )
  })

  describe(`what is wrong with SEQUENTUM_API_URL over ${name}`, () => {
    const words = (apiUrl: string) =>
      Effect.flatMap(connect(upstreamOf, apiUrl), ({ client }) =>
        Effect.flatMap(client, (connected) =>
          Effect.map(Effect.flip(asCaller(connected.post(thing, Ok))), (error) => meaningOf(error).text)
        )
      )

    it.scopedLive("is said if it is https and the port is not", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream((_, response) => response.end("{}"))
        assert.match(
          yield* words(url.replace("http:", "https:")),
          /^The other side does not speak https .*SEQUENTUM_API_URL.*http:\/\/ or https:\/\//u
        )
      })
    )

    it.scopedLive("is not that https is missing, if the other side speaks an old version of it", () =>
      Effect.gen(function* () {
        const old = { key, cert: certificate, maxVersion: "TLSv1.1", minVersion: "TLSv1" } as const
        const port = yield* listening(createHttpsServer({ ...old, ciphers: "DEFAULT@SECLEVEL=0" }))
        const text = yield* words(`https://127.0.0.1:${port}`)
        assert.match(text, /^The other side refused the TLS connection .*version of TLS.*SEQUENTUM_API_URL/u)
      })
    )

    it.scopedLive("is said if it is http and the port hangs up, as one for https does", () =>
      Effect.gen(function* () {
        const port = yield* listening(createHttpsServer({ key, cert: certificate }))
        assert.match(yield* words(`http://127.0.0.1:${port}`), /over https, SEQUENTUM_API_URL must say so/u)
      })
    )

    for (const [which, body] of [
      ["nginx", "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"],
      ["a server in Go", "Client sent an HTTP request to an HTTPS server.\n"]
    ] as const) {
      it.scopedLive(`is said if it is http and ${which} refuses that`, () =>
        Effect.gen(function* () {
          const { url } = yield* upstream((_, response) => response.writeHead(400).end(body))
          assert.match(yield* words(url), /speaks https only.*begin with https:\/\//u)
        })
      )
    }

    it.scopedLive("is said if what answers is no HTTP", () =>
      Effect.gen(function* () {
        const port = yield* listening(
          createTcpServer((socket) => socket.on("error", () => undefined).end("220 mail.test ESMTP\r\n"))
        )
        assert.match(yield* words(`http://127.0.0.1:${port}`), /SEQUENTUM_API_URL/u)
      })
    )

    it.scopedLive("is not said of a certificate of another authority: that has a setting of its own", () =>
      Effect.gen(function* () {
        const port = yield* listening(createHttpsServer({ key, cert: certificate }))
        const text = yield* words(`https://127.0.0.1:${port}`)
        assert.match(text, /NODE_EXTRA_CA_CERTS/u)
        assert.notMatch(text, /in a minute/u)
      })
    )
  })
}
