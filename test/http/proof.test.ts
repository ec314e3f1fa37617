import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { endpoint, initialize, legacy, modern, type Ask } from "../support/endpoint.ts"
import { byToken, hangUp, issuer, keyPair, signed, silence, status, type KeyPair } from "../support/issuer.ts"
import { callTool, eventually, jwt, resultOf, send } from "../support/wire.ts"

const checking = (url: string, settings: Readonly<Record<string, string>> = {}) =>
  endpoint({ SEQUENTUM_API_URL: url, TOKEN_CHECK: "auto", ...settings })

/** An issuer with one key, and an endpoint for it. */
const withKey = Effect.gen(function* () {
  const key = yield* keyPair("one")
  const from = yield* issuer([key])
  const { mcp, url } = yield* checking(from.url)
  return { key, from, mcp, url }
})

const claims = { sub: "alice", exp: 4_000_000_000 }

const discover = (mcp: string, ask?: Ask) => modern(mcp, "server/discover", {}, ask)
const list = (mcp: string, ask?: Ask) => modern(mcp, "tools/list", {}, ask)

/** One request of each kind that sends nothing to Sequentum. */
const openers = [
  ["initialize", initialize],
  ["ping", (mcp: string, ask?: Ask) => legacy(mcp, "ping", {}, ask)],
  ["server/discover", discover],
  ["tools/list", list]
] as const

describe("the proof of a signed token", () => {
  it.scopedLive("is its signature by a key of the issuer: no request is needed, and the keys are read once", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      for (const sub of ["alice", "bob", "carol"]) {
        const token = yield* signed(key, { ...claims, sub, iss: from.url })
        for (const [name, open] of openers) {
          if (name !== "ping") assert.strictEqual((yield* open(mcp, { token })).status, 200, name)
        }
      }
      assert.deepStrictEqual(from.requests, ["/.well-known/oauth-authorization-server", "/jwks"])
    })
  )

  it.scopedLive("waits for keys that are being read, whoever asked for them", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      const held: Array<() => void> = []
      const { jwks } = from.parts
      from.parts.jwks = (request, response) => held.push(() => jwks(request, response))
      const answers = yield* Effect.fork(
        Effect.forEach(
          ["a", "b", "c"],
          (sub) => Effect.flatMap(signed(key, { ...claims, sub }), (token) => list(mcp, { token })),
          { concurrency: 3 }
        )
      )
      yield* eventually(Effect.sync(() => held.length === 1))
      yield* Effect.sleep("50 millis")
      for (const answer of held) answer()
      assert.deepStrictEqual(
        (yield* Fiber.join(answers)).map((response) => response.status),
        [200, 200, 200]
      )
      assert.deepStrictEqual([from.readings(), from.asked()], [1, 0])
    })
  )

  it.scopedLive("accepts each asymmetric algorithm, and a token that names no key", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.forEach(["RS256", "PS256", "ES256", "EdDSA"], (alg) => keyPair(alg, alg))
      const two = yield* Effect.forEach(["a", "b"], (kid) => keyPair(kid, "ES384"))
      const from = yield* issuer([...keys, ...two])
      const { mcp } = yield* checking(from.url)
      for (const key of keys) {
        assert.strictEqual((yield* list(mcp, { token: yield* signed(key, claims) })).status, 200, key.alg)
      }
      for (const { privateKey } of two) {
        const token = yield* signed(privateKey, claims, { alg: "ES384" })
        assert.strictEqual((yield* list(mcp, { token })).status, 200)
      }
      const stranger = yield* keyPair("c", "ES384")
      const forged = yield* signed(stranger.privateKey, claims, { alg: "ES384" })
      assert.strictEqual((yield* list(mcp, { token: forged })).status, 401)
      assert.strictEqual(from.asked(), 0)
    })
  )

  it.scopedLive("does not ask for an audience: the call decides", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      const token = yield* signed(key, { ...claims, aud: "https://elsewhere.example" })
      assert.strictEqual((yield* list(mcp, { token })).status, 200)
      from.parts.api = status(200)
      const called = yield* Effect.flatMap(callTool.modern(mcp, "list_spaces", {}, { token }), resultOf)
      assert.notStrictEqual(called.isError, true)
    })
  )

  it.scopedLive("takes the issuer's name in any spelling of its URL, in the token and in the metadata", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      from.parts.metadata = (_, response) =>
        response.end(JSON.stringify({ issuer: `${from.url}/`, jwks_uri: `${from.url}/jwks` }))
      for (const iss of [from.url, `${from.url}/`, from.url.replace("http:", "HTTP:")]) {
        assert.strictEqual((yield* list(mcp, { token: yield* signed(key, { ...claims, iss }) })).status, 200, iss)
      }
      for (const iss of [`${from.url}/api`, `${from.url}?x`, from.url.replace("http://", ""), "Sequentum"]) {
        assert.strictEqual((yield* list(mcp, { token: yield* signed(key, { ...claims, iss }) })).status, 401, iss)
      }
      assert.strictEqual(from.asked(), 0)
    })
  )

  it.scopedLive("says once what to do if the tokens of the issuer name another one", () =>
    Effect.gen(function* () {
      const key = yield* keyPair("one")
      const from = yield* issuer([key])
      const logs: Array<string> = []
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: from.url, TOKEN_CHECK: "auto" }, 600, { logs })
      const warnings = () => logs.filter((line) => line.includes("TOKEN_CHECK=off"))
      const stranger = yield* keyPair("one")
      const elsewhere = { ...claims, iss: "https://login.example\u001b[31m" }
      yield* list(mcp, { token: yield* signed(stranger, elsewhere) })
      assert.deepStrictEqual(warnings(), [])
      for (const sub of ["alice", "bob"]) yield* list(mcp, { token: yield* signed(key, { ...elsewhere, sub }) })
      assert.strictEqual(warnings().length, 1)
      assert.match(warnings()[0] ?? "", /level=WARN .*https:\/\/login\.example\[31m/u)
    })
  )

  const forgeries: Readonly<Record<string, (key: KeyPair, url: string) => Effect.Effect<string>>> = {
    "an expired token": (key) => signed(key, { sub: "alice", exp: 1_600_000_000 }),
    "a time of expiry that is no number": () => Effect.succeed(jwt({ sub: "alice", exp: "tomorrow" })),
    "claims that are no object": () => Effect.succeed(`${btoa('{"alg":"RS256"}').replace(/=+$/u, "")}.W10.c2ln`),
    "alg none": () => Effect.succeed(jwt(claims)),
    "no signature": (key) => Effect.map(signed(key, claims), (token) => token.replace(/[^.]*$/u, "AA")),
    "other claims under the same signature": (key) =>
      Effect.map(signed(key, claims), (token) => {
        const [header, , signature] = token.split(".")
        return [header, jwt({ ...claims, sub: "bob" }).split(".")[1], signature].join(".")
      }),
    "HS256 with the public key as its secret": ({ jwk }) =>
      signed(Buffer.from(JSON.stringify(jwk)), claims, { alg: "HS256", kid: "one" }),
    "HS256 with the modulus of the public key as its secret": ({ jwk }) =>
      signed(Buffer.from(jwk.n ?? "", "base64url"), claims, { alg: "HS256", kid: "one" }),
    "a stranger's key under the name of the issuer's": () =>
      Effect.flatMap(keyPair("one"), (stranger) => signed(stranger, claims)),
    "a key that the issuer does not have": () => Effect.flatMap(keyPair("two"), (stranger) => signed(stranger, claims)),
    "another issuer": (key) => signed(key, { ...claims, iss: "https://elsewhere.example" }),
    "a time from which it holds that is far ahead": (key) => signed(key, { ...claims, nbf: 3_999_999_999 })
  }

  for (const [name, forge] of Object.entries(forgeries)) {
    it.scopedLive(`refuses ${name}, on every method of both eras`, () =>
      Effect.gen(function* () {
        const { from, key, mcp, url } = yield* withKey
        const token = yield* forge(key, from.url)
        for (const [method, open] of openers) {
          const response = yield* open(mcp, { token })
          assert.strictEqual(response.status, 401, method)
          assert.match(
            response.headers.get("www-authenticate") ?? "",
            /^Bearer error="invalid_token", resource_metadata="[^"]+\/mcp", scope="[^"]+"$/u
          )
        }
        for (const method of ["GET", "DELETE", "PUT", "PATCH"]) {
          const { headers, status } = yield* send(mcp, { method, headers: { authorization: `Bearer ${token}` } })
          assert.strictEqual(status, 401, method)
          assert.include(headers["www-authenticate"] ?? "", `${url}/.well-known/`)
        }
        assert.strictEqual(from.asked(), 0)
      })
    )
  }

  it.scopedLive("never asks the issuer that a token names", () =>
    Effect.gen(function* () {
      const { key, mcp } = yield* withKey
      const stranger = yield* keyPair("one")
      const elsewhere = yield* issuer([stranger])
      for (const by of [key, stranger]) {
        const token = yield* signed(by, { ...claims, iss: elsewhere.url, jku: `${elsewhere.url}/jwks` })
        assert.strictEqual((yield* list(mcp, { token })).status, 401)
      }
      assert.deepStrictEqual(elsewhere.requests, [])
    })
  )

  it.scoped("ends with its time of expiry, to the second, even if it is remembered", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      const token = yield* signed(key, { sub: "alice", exp: 30 })
      const statusAt = (millis: number) =>
        Effect.zipRight(
          TestClock.setTime(millis),
          Effect.map(list(mcp, { token }), (response) => response.status)
        )
      assert.deepStrictEqual(
        yield* Effect.forEach([0, 10_000, 29_999, 30_000, 30_001], statusAt),
        [200, 200, 200, 401, 401]
      )
      // Once it has expired, no key is needed to say so.
      assert.strictEqual(from.requests.length, 2)
    })
  )

  it.scoped("reads the keys again for a key that it does not know, but not all the time", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      const next = yield* keyPair("two")
      const status = (by: KeyPair) =>
        Effect.flatMap(signed(by, { ...claims, jti: String(Math.random()) }), (token) =>
          Effect.map(list(mcp, { token }), (response) => response.status)
        )
      assert.strictEqual(yield* status(key), 200)
      from.parts.keys = [key, next]
      // The keys have just been read, so Sequentum is asked: 401.
      assert.strictEqual(yield* status(next), 401)
      assert.deepStrictEqual([from.readings(), from.asked()], [1, 1])
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* status(next), 200)
      assert.deepStrictEqual([from.readings(), from.asked()], [2, 1])
      const stranger = yield* keyPair("three")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* status(stranger), 401)
      assert.deepStrictEqual([from.readings(), from.asked()], [3, 1])
      // A key that is withdrawn goes with the next reading.
      from.parts.keys = [next]
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual([yield* status(next), yield* status(key)], [200, 401])
    })
  )
})

describe("without keys Sequentum is asked, by one GET /spaces", () => {
  it.scopedLive("if the issuer has none, or none of its own", () =>
    Effect.gen(function* () {
      const key = yield* keyPair("one")
      const elsewhere = yield* issuer([key])
      const token = yield* signed(key, claims)
      const document = (body: unknown) => (_: unknown, response: { end: (text: string) => unknown }) =>
        response.end(JSON.stringify(body))
      for (const metadata of [
        status(404),
        status(500),
        hangUp,
        document([]),
        document({ issuer: "https://elsewhere.example", jwks_uri: `${elsewhere.url}/jwks` })
      ]) {
        const from = yield* issuer([key])
        from.parts.metadata = metadata
        from.parts.api = byToken({ [token]: status(200) })
        const { mcp } = yield* checking(from.url)
        assert.strictEqual((yield* list(mcp, { token })).status, 200)
        assert.strictEqual((yield* list(mcp, { token: `${token.slice(0, -4)}AAAA` })).status, 401)
        assert.deepStrictEqual([from.asked(), from.readings()], [2, 0])
      }
      // Keys on another origin are not the issuer's.
      const from = yield* issuer([key])
      from.parts.metadata = document({ issuer: from.url, jwks_uri: `${elsewhere.url}/jwks` })
      const { mcp } = yield* checking(from.url)
      assert.strictEqual((yield* list(mcp, { token })).status, 401)
      assert.deepStrictEqual([from.asked(), elsewhere.requests.length], [1, 0])
    })
  )

  it.scoped("if the keys do not come within five seconds; other tokens need not wait for them again", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      const tokens = yield* Effect.forEach(["a", "b"], (sub) => signed(key, { ...claims, sub }))
      from.parts.jwks = silence
      from.parts.api = status(200)
      const first = yield* Effect.fork(list(mcp, { token: tokens[0] }))
      yield* eventually(Effect.sync(() => from.readings() === 1))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(first)).status, 200)
      assert.strictEqual((yield* list(mcp, { token: tokens[1] })).status, 200)
      assert.deepStrictEqual([from.readings(), from.asked()], [1, 2])
      from.parts.jwks = (_, response) => response.end(JSON.stringify({ keys: [key.jwk] }))
      yield* TestClock.adjust("1 minute")
      const third = yield* signed(key, { ...claims, sub: "c" })
      assert.strictEqual((yield* list(mcp, { token: third })).status, 200)
      assert.deepStrictEqual([from.readings(), from.asked()], [2, 2])
    })
  )

  it.scopedLive("for a token that is none of its own: 2xx and 403 prove it, 401 refuses it", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      from.parts.api = byToken({ alice: status(200), bob: status(403), carol: status(204) })
      const { mcp } = yield* checking(from.url)
      for (const [name, open] of openers) {
        if (name === "ping") continue
        for (const token of ["alice", "bob", "carol"]) {
          assert.strictEqual((yield* open(mcp, { token })).status, 200, `${name} ${token}`)
        }
        assert.strictEqual((yield* open(mcp, { token: "mallory" })).status, 401, name)
      }
      // One request for each token, and none for the issuer's keys.
      assert.deepStrictEqual(from.requests, Array(4).fill("/api/v1/spaces"))
    })
  )

  it.scopedLive("any other answer leaves it to the call: lists are served, and a call gets its own answer", () =>
    Effect.gen(function* () {
      for (const answer of [status(404), status(302), status(429), status(500), hangUp]) {
        const from = yield* issuer()
        from.parts.api = answer
        const { mcp } = yield* checking(from.url)
        assert.strictEqual((yield* initialize(mcp, { token: "alice" })).status, 200)
        assert.strictEqual((yield* list(mcp, { token: "alice" })).status, 200)
        from.parts.api = status(401)
        assert.strictEqual((yield* callTool.modern(mcp, "get_credits_balance", {}, { token: "alice" })).status, 401)
      }
    })
  )

  it.scoped("a host that knows no answer is not asked for ever", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      from.parts.api = status(404)
      const { mcp } = yield* checking(from.url)
      const statuses = yield* Effect.forEach(Array.from({ length: 30 }), (_, index) =>
        Effect.map(list(mcp, { token: `opaque-${index % 15}` }), (response) => response.status)
      )
      assert.deepStrictEqual([...new Set(statuses)], [200])
      assert.strictEqual(from.asked(), 20)
      from.parts.api = status(200)
      yield* TestClock.adjust("61 seconds")
      yield* list(mcp, { token: "opaque-1" })
      assert.strictEqual(from.asked(), 21)
    })
  )

  it.scoped("a host that fails is left alone for five seconds", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      from.parts.api = status(503)
      const { mcp } = yield* checking(from.url)
      for (const token of ["a", "b", "c"]) assert.strictEqual((yield* list(mcp, { token })).status, 200)
      assert.strictEqual(from.asked(), 1)
      from.parts.api = status(401)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* list(mcp, { token: "a" })).status, 401)
    })
  )

  it.scoped("a proof is remembered for five minutes, a refusal for one", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      const { mcp } = yield* checking(from.url)
      const ask = (token: string) =>
        Effect.map(list(mcp, { token }), (response) => [response.status, from.asked()] as const)
      from.parts.api = byToken({ alice: status(200) })
      assert.deepStrictEqual(
        [yield* ask("alice"), yield* ask("bob")],
        [
          [200, 1],
          [401, 2]
        ]
      )
      from.parts.api = byToken({ bob: status(200) })
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(
        [yield* ask("alice"), yield* ask("bob")],
        [
          [200, 2],
          [401, 2]
        ]
      )
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* ask("bob"), [200, 3])
      yield* TestClock.adjust("239 seconds")
      assert.deepStrictEqual(yield* ask("alice"), [200, 3])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* ask("alice"), [401, 4])
    })
  )

  it.scopedLive("requests with one token share one question, and go on if the first of them leaves", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      const held: Array<() => void> = []
      from.parts.api = (request, response) => held.push(() => status(200)(request, response))
      const { mcp } = yield* checking(from.url)
      const leaving = new AbortController()
      const first = yield* Effect.fork(Effect.exit(list(mcp, { token: "alice", signal: leaving.signal })))
      yield* eventually(Effect.sync(() => held.length === 1))
      const others = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 20 }), () => list(mcp, { token: "alice" }), { concurrency: 20 })
      )
      leaving.abort()
      yield* Fiber.join(first)
      yield* Effect.sleep("100 millis")
      for (const answer of held) answer()
      const answers = yield* Fiber.join(others)
      assert.isTrue(answers.every((response) => response.status === 200))
      assert.strictEqual(from.asked(), 1)
    })
  )

  it.scopedLive("a thousand made-up tokens cost a few requests, and shut nobody else out", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      from.parts.api = byToken({ alice: status(200), bob: status(200) })
      const { mcp } = yield* checking(from.url, { TRUST_PROXY: "true", ALLOWED_HOSTS: "localhost" })
      const by = (address: string) => ({ "x-forwarded-for": address })
      assert.strictEqual((yield* list(mcp, { token: "alice", headers: by("192.0.2.1") })).status, 200)
      const junk = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, index) => `junk-${index}`),
        (token) => Effect.map(list(mcp, { token, headers: by("192.0.2.1") }), (response) => response.status),
        { concurrency: 50 }
      )
      assert.deepStrictEqual([...new Set(junk)].sort(), [401, 429])
      assert.isAtMost(from.asked(), 25)
      // The same address with a token that was proven before, and a new token from another address.
      assert.strictEqual((yield* list(mcp, { token: "alice", headers: by("192.0.2.1") })).status, 200)
      assert.strictEqual((yield* list(mcp, { token: "bob", headers: by("192.0.2.2") })).status, 200)
      assert.strictEqual(
        yield* Effect.map(list(mcp, { token: "new", headers: by("192.0.2.1") }), ({ status }) => status),
        429
      )
    })
  )
})

describe("a call whose token has to be proven first", () => {
  for (const era of ["modern", "legacy"] as const) {
    it.scoped(`ends within 50 seconds of its arrival, the proof included: ${era}`, () =>
      Effect.gen(function* () {
        const from = yield* issuer()
        from.parts.api = silence
        const { mcp } = yield* checking(from.url)
        const called = (count: number) =>
          eventually(Effect.sync(() => from.requests.filter((path) => path === "/api/v1/agent/7").length === count))
        const call = yield* Effect.fork(
          Effect.flatMap(callTool[era](mcp, "get_agent", { agentId: 7 }, { token: "alice" }), resultOf)
        )
        yield* eventually(Effect.sync(() => from.asked() === 1))
        yield* TestClock.adjust("5 seconds")
        yield* called(1)
        yield* TestClock.adjust("30 seconds")
        yield* TestClock.adjust("2 seconds")
        yield* called(2)
        yield* TestClock.adjust("12 seconds")
        assert.isTrue(Option.isNone(yield* Fiber.poll(call)))
        yield* TestClock.adjust("500 millis")
        assert.propertyVal(yield* Fiber.join(call), "isError", true)
      })
    )
  }
})

describe("a token made by hand with another user's name", () => {
  it.scopedLive("learns nothing of that user's session, and ends nothing", () =>
    Effect.gen(function* () {
      const { from, key, mcp } = yield* withKey
      from.parts.api = status(200)
      const token = yield* signed(key, claims)
      const session = (yield* initialize(mcp, { token })).headers.get("mcp-session-id") ?? undefined
      const sent = from.requests.length
      for (const forged of [jwt(claims), yield* Effect.flatMap(keyPair("one"), (own) => signed(own, claims))]) {
        const ask = { token: forged, session }
        assert.strictEqual((yield* legacy(mcp, "tools/list", {}, ask)).status, 401)
        assert.strictEqual((yield* callTool.legacy(mcp, "list_spaces", {}, ask)).status, 401)
        const cancelled = yield* legacy(mcp, "notifications/cancelled", { requestId: 1 }, ask)
        assert.strictEqual(cancelled.status, 401)
        const ended = yield* send(mcp, {
          method: "DELETE",
          headers: { authorization: `Bearer ${forged}`, "mcp-session-id": session ?? "" }
        })
        assert.strictEqual(ended.status, 401)
      }
      assert.strictEqual(from.requests.length, sent)
      assert.strictEqual((yield* legacy(mcp, "tools/list", {}, { token, session })).status, 200)
    })
  )
})

describe("TOKEN_CHECK=off", () => {
  it.scopedLive("asks nobody, and still refuses what has expired", () =>
    Effect.gen(function* () {
      const from = yield* issuer()
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: from.url, TOKEN_CHECK: "off" })
      for (const token of ["anything", jwt(claims)]) assert.strictEqual((yield* list(mcp, { token })).status, 200)
      assert.strictEqual((yield* list(mcp, { token: jwt({ exp: 1_600_000_000 }) })).status, 401)
      assert.deepStrictEqual(from.requests, [])
    })
  )
})
