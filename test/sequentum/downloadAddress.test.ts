import { assert, describe, it } from "@effect/vitest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { loadSettings } from "../../src/config.ts"
import { makeDownloadPolicy, type ResolveName } from "../../src/sequentum/client/downloadAddress.ts"
import { HostNames } from "../../src/sequentum/client/HostNames.ts"
import { layerProxied } from "../../src/sequentum/client/proxiedHttpClient.ts"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { Upstream } from "../../src/sequentum/client/Upstream.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import { Files } from "../../src/sequentum/Files.ts"
import { AgentId, FileId, RunId } from "../../src/sequentum/schemas/common.ts"
import { guardedHttpClient, httpClient } from "../../src/serve/layers.ts"
import { asCaller } from "../support/caller.ts"
import { localServer, portOf } from "../support/localServer.ts"

const cloud = "https://dashboard.sequentum.com"
const local = "http://127.0.0.1:4010"

const problem = (apiUrl: string, url: string, allowedDownloadHosts: ReadonlyArray<string> = []) =>
  makeDownloadPolicy({ apiUrl: new URL(apiUrl), allowedDownloadHosts }).problemOf(new URL(url))

const loopback = [
  "https://127.0.0.1/a",
  "https://127.1/a",
  "https://2130706433/a",
  "https://0x7f000001/a",
  "https://0177.0.0.1/a",
  "https://127.255.255.254/a",
  "https://[::1]/a",
  "https://[::ffff:127.0.0.1]/a",
  "https://[::ffff:7f00:1]/a",
  "https://localhost/a",
  "https://LOCALHOST./a",
  "https://a.localhost/a",
  "https://ip6-localhost/a"
]

const notPublic = [
  "https://0.0.0.0/a",
  "https://0/a",
  "https://0.1.2.3/a",
  "https://10.0.0.5/a",
  "https://167772165/a",
  "https://172.16.0.1/a",
  "https://192.168.1.1/a",
  "https://100.64.0.1/a",
  "https://169.254.169.254/latest/meta-data",
  "https://0xa9fea9fe/a",
  "https://192.0.2.1/a",
  "https://224.0.0.1/a",
  "https://240.0.0.1/a",
  "https://255.255.255.255/a",
  "https://[::]/a",
  "https://[fe80::1]/a",
  "https://[fc00::1]/a",
  "https://[fd12:3456::1]/a",
  "https://[ff02::1]/a",
  "https://[::ffff:10.0.0.5]/a",
  "https://[::ffff:169.254.169.254]/a",
  "https://[::10.0.0.5]/a",
  "https://[64:ff9b::a00:5]/a",
  "https://[2002:a00:5::1]/a",
  "https://[2001:db8::1]/a",
  "https://metadata/a",
  "https://metadata.google.internal/a",
  "https://printer.local/a",
  "https://api.default.svc/a"
]

const open = [
  "https://files.example.com/a",
  "https://files.example.com:8443/a",
  "https://93.184.216.34/a",
  "https://[2606:2800:220:1:248:1893:25c8:1946]/a",
  "https://[64:ff9b::5db8:d822]/a",
  "https://localhost.example.com/a",
  "https://dashboard.sequentum.com/a"
]

describe("the address of a download", () => {
  it("must be public", () => {
    for (const url of open) assert.isUndefined(problem(cloud, url), url)
    for (const url of [...loopback, ...notPublic]) assert.match(problem(cloud, url) ?? "", /not public/u, url)
  })

  it("may be loopback, and nothing else, if the API is on loopback", () => {
    for (const url of [...open, ...loopback]) assert.isUndefined(problem(local, url), url)
    for (const url of notPublic) assert.match(problem(local, url) ?? "", /not public/u, url)
    for (const apiUrl of ["http://localhost:4010", "http://[::1]:4010"]) {
      assert.isUndefined(problem(apiUrl, "http://127.0.0.1:1/a"), apiUrl)
      assert.isDefined(problem(apiUrl, "http://10.0.0.5/a"), apiUrl)
    }
  })

  it("may be the API's own host or one that the operator allows, whatever its address", () => {
    assert.isUndefined(problem("https://10.0.0.5", "https://10.0.0.5:9000/a"))
    assert.isUndefined(problem("https://sequentum.internal", "https://sequentum.internal/a"))
    assert.isDefined(problem("https://sequentum.internal", "https://files.sequentum.internal/a"))
    const allowed = ["files.internal", "10.0.0.6", "[fd00::6]"]
    for (const url of [
      "https://files.internal/a",
      "https://FILES.internal.:9000/a",
      "https://10.0.0.6/a",
      "https://[fd00::6]/a"
    ]) {
      assert.isUndefined(problem(cloud, url, allowed), url)
    }
    for (const url of ["https://x.files.internal/a", "https://10.0.0.7/a", "https://[fd00::7]/a"]) {
      assert.isDefined(problem(cloud, url, allowed), url)
    }
  })

  it("has no user name and no password, not even at the API's own host", () => {
    for (const userinfo of ["me@", "me:pass@", ":pass@"]) {
      assert.match(problem(cloud, `https://${userinfo}files.example.com/a`) ?? "", /user name or password/u)
      assert.match(problem(cloud, `https://${userinfo}dashboard.sequentum.com/a`) ?? "", /user name or password/u)
    }
  })
})

const about = [AgentId.make(1), RunId.make(2), FileId.make(3)] as const

/** The files of an API that redirects to `location`, over a client of real sockets. */
const filesAt = (
  apiUrl: string,
  location: string,
  http: Layer.Layer<HttpClient.HttpClient>,
  allowedDownloadHosts: ReadonlyArray<string> = [],
  names: Readonly<Record<string, ReadonlyArray<string>>> = {}
) => {
  const upstream = Layer.succeed(Upstream, {
    send: () =>
      Effect.succeed({ status: 302, body: "", header: (name: string) => (name === "location" ? location : undefined) })
  })
  const client = SequentumClient.layer({
    apiUrl: new URL(apiUrl),
    requestTimeout: Duration.seconds(30),
    allowedDownloadHosts
  })
  return Effect.provide(
    Files,
    Files.Default.pipe(
      Layer.provide(client),
      Layer.provide(upstream),
      Layer.provide(http),
      Layer.provide(
        Layer.succeed(HostNames, { addressesOf: ({ hostname }: URL) => Effect.succeed(names[hostname] ?? []) })
      )
    )
  )
}

const textOf = (files: Files) =>
  asCaller(
    Effect.map(Stream.runCollect(files.content(...about)), (chunks) =>
      Buffer.concat(Chunk.toReadonlyArray(chunks)).toString()
    )
  )

/** A server on loopback with a file, and how often it was asked. */
const fileServer = Effect.gen(function* () {
  const asked = { count: 0 }
  const { server } = yield* localServer((_, response) => {
    asked.count += 1
    response.end("a,b\n")
  })
  return { asked, port: portOf(server) }
})

const resolvesTo =
  (...addresses: ReadonlyArray<string>): ResolveName =>
  (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
    )

describe("a download over a socket", () => {
  it.scopedLive("does not connect to a name with an address that is not public, though the name is", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* fileServer
      // The literal is public; what the name resolves to is not. http, since the server here has no certificate.
      for (const addresses of [["127.0.0.1"], ["::1", "127.0.0.1"], ["10.0.0.5"], ["::ffff:127.0.0.1"]]) {
        const files = yield* filesAt(
          cloud,
          `https://files.example.com:${port}/a.csv`,
          guardedHttpClient({ apiUrl: new URL(cloud) }, resolvesTo(...addresses))
        )
        const error = yield* Effect.flip(textOf(files))
        assert.strictEqual(error._tag, "UnexpectedResponse")
        assert.match(meaningOf(error).text, /a redirect to an address that is not public/u)
      }
      assert.strictEqual(asked.count, 0)
    })
  )

  it.scopedLive("connects to the address that was checked, and resolves a name once for it", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* fileServer
      const resolved = { count: 0 }
      // Another answer each time, as with DNS rebinding: what is checked is what is connected to.
      const resolve: ResolveName = (...asked) => {
        resolved.count += 1
        resolvesTo(resolved.count === 1 ? "127.0.0.1" : "10.0.0.5")(...asked)
      }
      const files = yield* filesAt(
        local,
        `http://files.example.com:${port}/a.csv`,
        guardedHttpClient({ apiUrl: new URL(local) }, resolve)
      )
      assert.strictEqual(yield* textOf(files), "a,b\n")
      assert.strictEqual(resolved.count, 1)
      assert.strictEqual(asked.count, 1)
    })
  )

  it.scopedLive("uses the public addresses of a name that has others too", () =>
    Effect.gen(function* () {
      const { lookupFor } = makeDownloadPolicy({ apiUrl: new URL(cloud) })
      const lookup = lookupFor(resolvesTo("10.0.0.5", "93.184.216.34", "::1"))
      const found = yield* Effect.async<unknown>((resume) =>
        lookup("files.example.com", { all: true }, (_, addresses) => resume(Effect.succeed(addresses)))
      )
      assert.deepStrictEqual(found, [{ address: "93.184.216.34", family: 4 }])
      const one = yield* Effect.async<unknown>((resume) =>
        lookup("files.example.com", {}, (_, ...first) => resume(Effect.succeed(first)))
      )
      assert.deepStrictEqual(one, ["93.184.216.34", 4])
    })
  )

  it.live("passes on that a name has no address, for which node:dns calls back with the error alone", () =>
    Effect.gen(function* () {
      const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" })
      const resolve: ResolveName = (_, __, callback) => void Reflect.apply(callback, undefined, [notFound])
      const lookup = makeDownloadPolicy({ apiUrl: new URL(cloud) }).lookupFor(resolve)
      const error = yield* Effect.async<unknown>((resume) =>
        lookup("nowhere.example.com", { all: true }, (problem) => resume(Effect.succeed(problem)))
      )
      assert.strictEqual(error, notFound)
    })
  )

  it.scopedLive("goes to a host that the operator allows, and to the API's own, whatever their address", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* fileServer
      for (const [apiUrl, allowed] of [
        [local, ["files.internal"]],
        ["http://files.internal", []]
      ] as const) {
        const settings = { apiUrl: new URL(apiUrl), allowedDownloadHosts: allowed }
        const files = yield* filesAt(
          apiUrl,
          `http://files.internal:${port}/a.csv`,
          guardedHttpClient(settings, resolvesTo("127.0.0.1")),
          allowed
        )
        assert.strictEqual(yield* textOf(files), "a,b\n")
      }
      assert.strictEqual(asked.count, 2)
    })
  )

  it.scopedLive("behind a proxy is refused by its literal or name, before the proxy is asked", () =>
    Effect.gen(function* () {
      const asked = { count: 0 }
      const { server, url } = yield* localServer((_, response) => response.end())
      server.on("connect", (_, socket) => {
        asked.count += 1
        socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")
      })
      const settings = yield* loadSettings(new Map([["HTTPS_PROXY", url]]))
      const http = layerProxied(settings, guardedHttpClient(settings))
      for (const location of [
        "https://169.254.169.254/a",
        "https://metadata.google.internal/a",
        "https://[::ffff:a00:5]/a"
      ]) {
        assert.strictEqual(
          (yield* Effect.flip(textOf(yield* filesAt(cloud, location, http))))._tag,
          "UnexpectedResponse"
        )
      }
      assert.strictEqual(asked.count, 0)
      yield* Effect.flip(textOf(yield* filesAt(cloud, "https://files.example.com/a", http)))
      assert.isAbove(asked.count, 0)
    })
  )
})

describe("an address that is handed on", () => {
  for (const [what, addresses, isHandedOn] of [
    ["nothing is known of", [], true],
    ["is public", ["93.184.216.34"], true],
    ["is private", ["10.0.0.5"], false],
    ["has a private address too", ["93.184.216.34", "127.0.0.1"], false]
  ] as const) {
    it.effect(`may be one whose host ${what}: ${isHandedOn}`, () =>
      Effect.gen(function* () {
        const files = yield* filesAt(cloud, "https://files.example.com/a?sig=1", httpClient(), [], {
          "files.example.com": addresses
        })
        const outcome = yield* Effect.either(asCaller(files.downloadUrl(...about)))
        assert.strictEqual(outcome._tag === "Right", isHandedOn)
        if (outcome._tag === "Left") assert.strictEqual(outcome.left._tag, "UnexpectedResponse")
      })
    )
  }

  it.effect("may be private where the operator allows its host", () =>
    Effect.gen(function* () {
      const files = yield* filesAt(cloud, "https://files.example.com/a", httpClient(), ["files.example.com"], {
        "files.example.com": ["10.0.0.5"]
      })
      assert.strictEqual((yield* asCaller(files.downloadUrl(...about))).hostname, "files.example.com")
    })
  )
})
