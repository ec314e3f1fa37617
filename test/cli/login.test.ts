import { once } from "node:events"
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { serve, type SandboxOptions } from "../../src/sandbox/server.ts"
import { builtProgram } from "../support/builtProgram.ts"
import { run, start, until } from "../support/program.ts"

const Session = Schema.Struct({
  clientId: Schema.String,
  tokenEndpoint: Schema.String,
  accessToken: Schema.String,
  refreshToken: Schema.String,
  obtainedAt: Schema.Number,
  expiresIn: Schema.Number
})
const File = Schema.parseJson(Schema.Struct({ sessions: Schema.Record({ key: Schema.String, value: Session }) }))

/** A machine of its own whose browser approves everything, and a sandbox. */
const machine = (options: SandboxOptions = {}) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "login-"))),
      (made) => Effect.sync(() => rmSync(made, { recursive: true }))
    )
    const { url } = yield* serve({ rateLimitPerMinute: 100_000, ...options })
    const opened = join(folder, "opened")
    const browser = join(folder, "xdg-open")
    writeFileSync(
      browser,
      `#!${process.execPath}\nrequire("fs").writeFileSync(${JSON.stringify(opened)}, process.argv[2]); void fetch(process.argv[2])\n`
    )
    chmodSync(browser, 0o755)
    const env = { PATH: folder, HOME: folder, XDG_STATE_HOME: folder, SEQUENTUM_API_URL: url }
    const path = join(folder, "sequentum-mcp", "login.json")
    const session = Effect.suspend(() =>
      Effect.flatMap(Effect.orDie(Schema.decode(File)(readFileSync(path, "utf8"))), ({ sessions }) =>
        Effect.orDie(Effect.fromNullable(sessions[url]))
      )
    )
    const change = (changes: Partial<typeof Session.Type>) =>
      Effect.flatMap(session, (now) =>
        Effect.sync(() => writeFileSync(path, JSON.stringify({ sessions: { [url]: { ...now, ...changes } } })))
      )
    return {
      url,
      env,
      home: folder,
      path,
      opened,
      session,
      change,
      login: run(["login"], { env }),
      call: run(["call", "search_agents", "query=books"], { env })
    }
  })

const secondsAgo = (seconds: number) => Date.now() - seconds * 1000

describe.skipIf(process.platform !== "linux")("sequentum-mcp login", () => {
  it.scopedLive("signs in by the browser, without a key, and keeps the tokens for the user alone", () =>
    Effect.gen(function* () {
      const { call, env, login, opened, path, session, url } = yield* machine()
      const first = yield* login
      assert.strictEqual(first.code, 0, first.stderr)
      const { accessToken, refreshToken } = yield* session
      const address = readFileSync(opened, "utf8")
      assert.include(first.stdout, address)
      assert.include(first.stdout, path)
      const asked = new URL(address)
      assert.strictEqual(asked.origin, url)
      assert.strictEqual(asked.searchParams.get("code_challenge_method"), "S256")
      assert.include(asked.searchParams.get("scope"), "offline_access")
      assert.strictEqual(asked.searchParams.get("resource"), url)
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      assert.strictEqual(statSync(join(path, "..")).mode & 0o777, 0o700)
      const used = yield* call
      assert.strictEqual(used.code, 0, used.stderr)
      assert.include(used.stdout, "Books catalogue")
      const accepts = Effect.promise(async () => {
        const headers = { authorization: `Bearer ${accessToken}` }
        return (await fetch(`${url}/api/v1/spaces`, { headers })).status
      })
      assert.strictEqual(yield* accepts, 200)
      const out = yield* run(["logout"], { env })
      assert.strictEqual(out.code, 0, out.stderr)
      assert.include(out.stdout, "They have been revoked.")
      assert.strictEqual(yield* accepts, 401)
      assert.match((yield* run(["logout"], { env })).stdout, /^Nobody is signed in/u)
      assert.notInclude(readFileSync(path, "utf8"), accessToken)
      const after = yield* call
      assert.strictEqual(after.code, 2)
      assert.include(after.stderr, "sign in with sequentum-mcp login")
      for (const { stderr, stdout } of [first, used, out, after]) {
        for (const secret of [accessToken, refreshToken]) assert.notInclude(`${stdout}${stderr}${address}`, secret)
      }
    })
  )

  it.scopedLive("uses the key where one is set", () =>
    Effect.gen(function* () {
      const { change, env, login } = yield* machine()
      yield* login
      yield* change({ accessToken: "broken", refreshToken: "broken" })
      const keyed = yield* run(["call", "search_agents", "query=books"], { env: { ...env, SEQUENTUM_API_KEY: "any" } })
      assert.strictEqual(keyed.code, 0, keyed.stderr)
    })
  )

  it.scopedLive("waits for its own redirect, whatever else comes to its address", () =>
    Effect.gen(function* () {
      const { env, path } = yield* machine()
      const { child, exited, written } = yield* start(["login", "--no-browser"], { env })
      yield* until(child.stdout, () => written.stdout.includes("/authorize?"))
      const [, address = ""] = /(http\S+authorize\S+)/u.exec(written.stdout) ?? []
      const callback = new URL(address).searchParams.get("redirect_uri") ?? ""
      const get = (target: string) => Effect.promise(() => fetch(target))
      const state = new URL(address).searchParams.get("state") ?? ""
      for (const stray of [
        "",
        "?code=x&state=wrong",
        `?code=x&state=${state}`,
        `?code=x&state=${state}&iss=http://x`
      ]) {
        assert.strictEqual((yield* get(`${callback}${stray}`)).status, 400, stray)
      }
      assert.strictEqual(child.exitCode, null)
      assert.strictEqual((yield* get(address)).status, 200)
      yield* Effect.promise(() => exited)
      assert.strictEqual(child.exitCode, 0, written.stderr)
      assert.isTrue(existsSync(path))
    })
  )

  it.scopedLive("ends as refused if the sign-in is, and says no more than the code", () =>
    Effect.gen(function* () {
      const { env, path, url } = yield* machine()
      const { child, exited, written } = yield* start(["login", "--no-browser"], { env })
      yield* until(child.stdout, () => written.stdout.includes("/authorize?"))
      const [, address = ""] = /(http\S+authorize\S+)/u.exec(written.stdout) ?? []
      const query = new URL(address).searchParams
      const back = new URLSearchParams({ error: "access_denied", state: query.get("state") ?? "", iss: url })
      yield* Effect.promise(() => fetch(`${query.get("redirect_uri") ?? ""}?${back.toString()}`))
      yield* Effect.promise(() => exited)
      assert.strictEqual(child.exitCode, 4)
      assert.strictEqual(written.stderr.trim(), "The sign-in was refused: access_denied.")
      assert.isFalse(existsSync(path))
    })
  )

  it.scopedLive("says that there is no way to the host", () =>
    Effect.gen(function* () {
      const { env } = yield* machine()
      const offline = yield* run(["login"], { env: { ...env, SEQUENTUM_API_URL: "http://127.0.0.1:1" } })
      assert.strictEqual(offline.code, 6)
      assert.strictEqual(offline.stderr.trim(), "There is no connection to 127.0.0.1:1 (ECONNREFUSED).")
    })
  )
})

const ClientFile = Schema.parseJson(
  Schema.Struct({
    mcpServers: Schema.Struct({
      sequentum: Schema.Struct({
        command: Schema.String,
        args: Schema.Array(Schema.String),
        env: Schema.Record({ key: Schema.String, value: Schema.String })
      })
    })
  })
)

type Answer = readonly [status: number, body: unknown]

/** An authorization server that answers as `answers` say, by the last part of the path. */
const server = (answers: Readonly<Record<string, Answer | undefined>> = {}) =>
  Effect.gen(function* () {
    const { change: _, ...rest } = yield* machine()
    const asked: Array<string> = []
    const made = createServer((request, response) => {
      const [, name = ""] = /([\w-]+)(?:\?.*)?$/u.exec(request.url ?? "") ?? []
      asked.push(name)
      const origin = `http://${request.headers.host ?? ""}`
      const at = (part: string) => `${origin}/api/oauth/${part}`
      const usual: Readonly<Record<string, Answer>> = {
        "oauth-authorization-server": [
          200,
          {
            issuer: origin,
            authorization_endpoint: at("authorize"),
            token_endpoint: at("token"),
            registration_endpoint: at("register"),
            revocation_endpoint: at("revoke")
          }
        ],
        register: [201, { client_id: "me" }],
        token: [200, { access_token: "one", token_type: "Bearer", refresh_token: "two" }],
        revoke: [200, ""]
      }
      if (name === "authorize") {
        const query = new URL(request.url ?? "", origin).searchParams
        const back = new URLSearchParams({ code: "code", state: query.get("state") ?? "" })
        response.writeHead(302, { location: `${query.get("redirect_uri") ?? ""}?${back.toString()}` }).end()
        return
      }
      const [status, body] = answers[name] ?? usual[name] ?? [404, ""]
      const text = JSON.stringify(body).replaceAll("ORIGIN", origin)
      response.writeHead(status, { "content-type": "application/json" }).end(text)
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => once(made.listen(0, "127.0.0.1"), "listening")),
      () => Effect.sync(() => made.close().closeAllConnections())
    )
    const address = made.address()
    const url = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`
    return { ...rest, asked, url, env: { ...rest.env, SEQUENTUM_API_URL: url } }
  })

const described = (changes: Readonly<Record<string, unknown>>): Answer => [
  200,
  {
    issuer: "ORIGIN",
    authorization_endpoint: "ORIGIN/api/oauth/authorize",
    token_endpoint: "ORIGIN/api/oauth/token",
    ...changes
  }
]

const registers = { registration_endpoint: "ORIGIN/api/oauth/register" }

describe.skipIf(process.platform !== "linux")("a sign-in that can't be", () => {
  const metadata = "oauth-authorization-server"
  it.scopedLive.each([
    ["a host without a sign-in", { [metadata]: [404, ""] }, 1, / has no sign-in: it answers nothing at /u],
    ["a host that is down", { [metadata]: [503, ""] }, 5, /can't answer now \(status 503\)\. Try again later\.$/u],
    ["something else", { [metadata]: [200, "hello"] }, 1, /is not as OAuth wants it\.$/u],
    ["another issuer", { [metadata]: described({ issuer: "https://x.example" }) }, 1, /that of another issuer\.$/u],
    ["no TLS", { [metadata]: described({ token_endpoint: "http://x.example/t" }) }, 1, /an address without TLS\.$/u],
    ["no S256", { [metadata]: described({ code_challenge_methods_supported: [] }) }, 1, /does not support PKCE/u],
    ["no registration", { [metadata]: described({}) }, 1, /does not register clients by itself\. Use an API key\.$/u],
    ["a refused client", { register: [400, { error: "invalid_client_metadata" }] }, 4, /: invalid_client_metadata \(/u],
    ["too many clients", { register: [429, { error: "slow_down" }] }, 5, /can't answer now \(status 429\)/u],
    ["a refused code", { token: [400, { error: "invalid_grant" }] }, 4, /refused the request: invalid_grant \(/u],
    ["tokens of another kind", { token: [200, { access_token: "x", token_type: "mac" }] }, 1, /not as OAuth wants it/u]
  ] satisfies ReadonlyArray<readonly [string, Readonly<Record<string, Answer>>, number, RegExp]>)(
    "because of %s ends with one sentence",
    ([, answers, code, sentence]) =>
      Effect.gen(function* () {
        const { env, path } = yield* server(answers)
        const outcome = yield* run(["login"], { env })
        assert.match(outcome.stderr.trim(), sentence)
        assert.strictEqual(outcome.stderr.trim().split("\n").length, 1)
        assert.strictEqual(outcome.code, code)
        assert.isFalse(existsSync(path))
      })
  )

  it.scopedLive("because its file can't be written ends before anybody has signed in", () =>
    Effect.gen(function* () {
      const { asked, env } = yield* server()
      const { code, stderr } = yield* run(["login"], { env: { ...env, XDG_STATE_HOME: "/dev/null" } })
      assert.strictEqual(code, 1)
      assert.match(stderr, /^\/dev\/null\/sequentum-mcp can't be read or written \(ENOTDIR\)\.\n$/u)
      assert.deepStrictEqual(asked, [])
    })
  )
})

describe.skipIf(process.platform !== "linux")("a client metadata document", () => {
  const document = "https://app.example.com/sequentum-mcp.json"

  it.scopedLive("is the client id where the server accepts one", () =>
    Effect.gen(function* () {
      const supports = described({ ...registers, client_id_metadata_document_supported: true })
      for (const [answer, clientId] of [
        [supports, document],
        [described(registers), "me"]
      ] as const) {
        const { asked, env, opened } = yield* server({ "oauth-authorization-server": answer })
        const { code, stderr } = yield* run(["login"], { env: { ...env, SEQUENTUM_CLIENT_METADATA_URL: document } })
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(new URL(readFileSync(opened, "utf8")).searchParams.get("client_id"), clientId)
        assert.strictEqual(asked.includes("register"), clientId === "me")
      }
    })
  )
})

describe.skipIf(process.platform !== "linux")("sequentum-mcp logout", () => {
  it.scopedLive.each([
    ["the server revokes nothing", { "oauth-authorization-server": described(registers) }, "does not revoke tokens"],
    ["the server refuses", { revoke: [400, { error: "unsupported_token_type" }] }, "They could not be revoked: "]
  ] satisfies ReadonlyArray<readonly [string, Readonly<Record<string, Answer>>, string]>)(
    "forgets the tokens where %s, and says so",
    ([, answers, sentence]) =>
      Effect.gen(function* () {
        const { env, path } = yield* server(answers)
        const first = yield* run(["login"], { env })
        assert.strictEqual(first.code, 0, first.stderr)
        assert.include(readFileSync(path, "utf8"), "two")
        const { code, stderr, stdout } = yield* run(["logout"], { env })
        assert.strictEqual(code, 0, stderr)
        assert.include(stdout, sentence)
        assert.notInclude(readFileSync(path, "utf8"), "two")
      })
  )
})

describe.skipIf(process.platform !== "linux")("sequentum-mcp install --login", () => {
  it.scopedLive("signs in once, and writes an entry with which the server starts without a key", () =>
    Effect.gen(function* () {
      const { env, home, opened, path, url } = yield* machine()
      const install = (...words: ReadonlyArray<string>) => run(["install", "claude-desktop", ...words], { env })
      const dry = yield* install("--login", "--dry-run")
      assert.strictEqual(dry.code, 0, dry.stderr)
      assert.isFalse(existsSync(path))
      const keyed = yield* run(["install", "claude-desktop", "--write"], {
        env: { ...env, SEQUENTUM_API_KEY: "sk-old", SEQUENTUM_API_URL: "https://old.example" }
      })
      assert.strictEqual(keyed.code, 0, keyed.stderr)
      const done = yield* install("--login", "--write")
      assert.strictEqual(done.code, 0, done.stderr)
      assert.include(done.stdout, "Signed in to ")
      assert.include(done.stdout, "uses your sign-in, without a key")
      assert.isTrue(existsSync(path))
      const text = readFileSync(join(home, ".config", "Claude", "claude_desktop_config.json"), "utf8")
      const { args, command, env: given } = (yield* Effect.orDie(Schema.decode(ClientFile)(text))).mcpServers.sequentum
      assert.deepStrictEqual(given, { SEQUENTUM_API_URL: url, XDG_STATE_HOME: home })
      assert.deepStrictEqual([command, ...args], [process.execPath, builtProgram])
      const called = yield* run(["call", "search_agents", "query=books"], { env: { HOME: "/nonexistent", ...given } })
      assert.strictEqual(called.code, 0, called.stderr)
      assert.include(called.stdout, "Books catalogue")
      rmSync(opened)
      const again = yield* install("--login", "--write")
      assert.match(again.stdout, /^Signed in to \S+ already\.\n[\s\S]*needs no change/u)
      assert.isFalse(existsSync(opened))
    })
  )

  it.scopedLive("signs in again if the sign-in has ended", () =>
    Effect.gen(function* () {
      const { change, env, login, opened, session } = yield* machine()
      yield* login
      yield* change({ refreshToken: "reused", obtainedAt: 0 })
      rmSync(opened)
      const { code, stderr, stdout } = yield* run(["install", "codex", "--login"], { env })
      assert.strictEqual(code, 0, stderr)
      assert.isTrue(existsSync(opened))
      assert.notStrictEqual((yield* session).refreshToken, "reused")
      assert.include(stdout, "[mcp_servers.sequentum]")
      assert.notInclude(stdout, "SEQUENTUM_API_KEY")
    })
  )

  it.live("is refused where no sign-in of this program counts", () =>
    Effect.gen(function* () {
      for (const [words, why] of [
        [["cursor", "--login", "--sandbox"], "A sandbox needs no sign-in"],
        [["cursor", "--login", "--remote", "https://mcp.example.com/mcp"], "the client signs you in"],
        [["cursor", "--login", "--remove"], "--remove needs no sign-in"],
        [["claude-ai", "--login"], "remote servers only"],
        [["--login"], "Name a client"]
      ] as const) {
        const { code, stderr, stdout } = yield* run(["install", ...words])
        assert.strictEqual(code, 2, why)
        assert.include(stderr, why)
        assert.strictEqual(stdout, "")
      }
    })
  )
})

describe.skipIf(process.platform !== "linux")("a sign-in", () => {
  it.scopedLive("is renewed before it expires, and keeps the rotated refresh token", () =>
    Effect.gen(function* () {
      const { call, change, login, session } = yield* machine()
      yield* login
      const before = yield* session
      yield* change({ obtainedAt: secondsAgo(before.expiresIn - 30) })
      const { code, stderr } = yield* call
      assert.strictEqual(code, 0, stderr)
      const after = yield* session
      assert.notStrictEqual(after.accessToken, before.accessToken)
      assert.notStrictEqual(after.refreshToken, before.refreshToken)
    })
  )

  it.scopedLive("is renewed after a refusal, once", () =>
    Effect.gen(function* () {
      const { call, change, login, session } = yield* machine()
      yield* login
      const { accessToken } = yield* session
      const revoked = `${accessToken}AAAA`
      yield* change({ accessToken: revoked, obtainedAt: secondsAgo(60) })
      const { code, stderr } = yield* call
      assert.strictEqual(code, 0, stderr)
      assert.notInclude([accessToken, revoked], (yield* session).accessToken)
    })
  )

  it.scopedLive("is renewed by one of many programs at a time, and survives", () =>
    Effect.gen(function* () {
      const { call, change, login, path, session } = yield* machine()
      yield* login
      // An earlier program died while it held the lock.
      writeFileSync(`${path}.lock`, JSON.stringify({ pid: 2 ** 30, host: "another", id: "x" }))
      const long = new Date(secondsAgo(120))
      yield* Effect.promise(async () => {
        const { utimes } = await import("node:fs/promises")
        await utimes(`${path}.lock`, long, long)
      })
      yield* change({ obtainedAt: 0 })
      const outcomes = yield* Effect.all([call, call, call, call], { concurrency: "unbounded" })
      for (const { code, stderr } of outcomes) assert.strictEqual(code, 0, stderr)
      const { refreshToken } = yield* session
      yield* change({ obtainedAt: 0 })
      const last = yield* call
      assert.deepStrictEqual([last.code, last.stderr], [0, ""])
      // A refresh token that was used twice would have ended the session.
      assert.notStrictEqual((yield* session).refreshToken, refreshToken)
      assert.isFalse(existsSync(`${path}.lock`))
    })
  )

  it.scopedLive("lasts over stdio while its tokens come and go", () =>
    Effect.gen(function* () {
      const { env, login, session } = yield* machine({ tokenLife: 2 })
      yield* login
      const { accessToken } = yield* session
      const { child, written } = yield* start([], { env })
      const ask = (id: number, method: string, params: unknown) =>
        Effect.suspend(() => {
          child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`)
          return until(child.stdout, () => written.stdout.includes(`"id":${id}`))
        })
      const clientInfo = { name: "test", version: "1" }
      yield* ask(1, "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo })
      for (const id of [2, 3, 4]) {
        yield* ask(id, "tools/call", { name: "search_agents", arguments: { query: "books" } })
        yield* Effect.sleep("1700 millis")
      }
      const answers = written.stdout.trim().split("\n").slice(1)
      assert.strictEqual(answers.length, 3)
      for (const answer of answers) assert.include(answer, "Books catalogue")
      assert.notStrictEqual((yield* session).accessToken, accessToken)
      assert.strictEqual(written.stderr, "")
    })
  )

  it.scopedLive("that has ended is forgotten, and the call is refused", () =>
    Effect.gen(function* () {
      const { call, change, login, path, session } = yield* machine()
      yield* login
      const { accessToken } = yield* session
      yield* change({ accessToken: `${accessToken}AAAA`, refreshToken: "reused", obtainedAt: secondsAgo(60) })
      const { code, stderr } = yield* call
      assert.strictEqual(code, 4)
      assert.include(stderr, "sign in again")
      assert.notInclude(readFileSync(path, "utf8"), "reused")
      assert.strictEqual((yield* call).code, 2)
    })
  )

  it.scopedLive("stops the start with one sentence if its file is damaged", () =>
    Effect.gen(function* () {
      const { call, login, path } = yield* machine()
      yield* login
      writeFileSync(path, '{"sessions": {"secret')
      const { code, stderr } = yield* call
      assert.strictEqual(code, 2)
      assert.strictEqual(stderr.trim(), `${path} is damaged. Delete it, and sign in again: sequentum-mcp login.`)
    })
  )
})
