import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { promisify } from "node:util"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { until } from "../support/program.ts"
import { send } from "../support/wire.ts"
import { freePort } from "../support/freePort.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const execute = promisify(execFile)

const text = (path: string) => Effect.promise(() => readFile(join(root, path), "utf8"))

const Command = Schema.parseJson(Schema.NonEmptyArray(Schema.String))

interface Instruction {
  readonly name: string
  readonly rest: string
}

/** The stages of a Dockerfile, each as its instructions. */
const stagesOf = (dockerfile: string) => {
  const stages: Array<Array<Instruction>> = []
  const lines = dockerfile.replaceAll(/^#.*\n/gmu, "").replaceAll(/\\\n\s*/gu, "")
  for (const line of lines.split("\n")) {
    const [, name, rest] = /^([A-Z]+)\s+(.+)$/u.exec(line) ?? []
    if (name === undefined || rest === undefined) continue
    if (name === "FROM") stages.push([])
    stages.at(-1)?.push({ name, rest })
  }
  return stages
}

const words = (line: string) => line.split(/\s+/u)

/** What a COPY takes, and its options. */
const copied = ({ rest }: Instruction) => ({
  options: words(rest).filter((word) => word.startsWith("--")),
  sources: words(rest)
    .filter((word) => !word.startsWith("--"))
    .slice(0, -1)
})

/** What the last stage makes of the image. */
const image = Effect.gen(function* () {
  const stage = stagesOf(yield* text("Dockerfile")).at(-1) ?? []
  const all = (name: string) => stage.filter((instruction) => instruction.name === name)
  const last = (name: string) => all(name).at(-1)?.rest ?? ""
  const [, healthOptions = "", healthCommand = ""] = /^(.*?)\bCMD\s+(.*)$/u.exec(last("HEALTHCHECK")) ?? []
  return {
    env: Object.fromEntries(
      all("ENV").flatMap(({ rest }) =>
        [...rest.matchAll(/(\w+)=(\S*)/gu)].map(([, name = "", value = ""]) => [name, value])
      )
    ),
    copies: all("COPY").map(copied),
    user: last("USER"),
    exposed: last("EXPOSE"),
    entrypoint: last("ENTRYPOINT"),
    healthOptions: words(healthOptions.trim()),
    health: yield* Schema.decode(Command)(healthCommand),
    command: yield* Schema.decode(Command)(last("CMD"))
  }
})

describe("the Dockerfile", () => {
  it.effect("makes an image that serves over HTTP, of a user without power, and looks after its health", () =>
    Effect.gen(function* () {
      const { command, copies, entrypoint, env, exposed, health, healthOptions, user } = yield* image
      assert.deepStrictEqual(env, { NODE_ENV: "production", TRANSPORT_MODE: "http", HOST: "0.0.0.0", PORT: "3000" })
      assert.strictEqual(exposed, env["PORT"])
      assert.match(user, /^[1-9]\d*:[1-9]\d*$/u)
      // Node.js is the first process itself, with no shell before it that would keep SIGTERM.
      assert.strictEqual(entrypoint, "")
      assert.deepStrictEqual(command, ["node", "dist/main.js"])
      assert.strictEqual(health[0], "node")
      assert.include(health.at(-1), "/health")
      assert.includeMembers(
        healthOptions.map((option) => option.replace(/=.*$/u, "")),
        ["--interval", "--timeout", "--start-period", "--retries"]
      )
      assert.deepStrictEqual(copies, [
        { options: ["--from=build", "--chown=root:root"], sources: ["/build/package.json"] },
        { options: ["--from=build", "--chown=root:root"], sources: ["/build/dist"] }
      ])
    })
  )

  it.effect("builds from what is there and is sent to Docker", () =>
    Effect.gen(function* () {
      const [build = []] = stagesOf(yield* text("Dockerfile"))
      const sources = build.filter(({ name }) => name === "COPY").flatMap((copy) => copied(copy).sources)
      const [nothing, ...sent] = (yield* text(".dockerignore")).trim().split("\n")
      assert.strictEqual(nothing, "*")
      assert.sameMembers(
        sent,
        sources.map((source) => `!${source.replace(/^\.\//u, "")}`)
      )
      yield* Effect.promise(() => Promise.all(sources.map((source) => stat(join(root, source)))))
    })
  )
})

/** Root may write anywhere. If root runs the tests, the user "nobody" runs what the image runs. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

interface Place {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Starts a command of the image; it is ended with the scope. */
const started = ([command, ...args]: readonly [string, ...ReadonlyArray<string>], { cwd, env }: Place) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(command === "node" ? process.execPath : command, args, { cwd, env, ...unprivileged })
      const written = { stderr: "" }
      child.stdout.resume()
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => (written.stderr += chunk))
      const exited = once(child, "close")
      return {
        child,
        written,
        ended: Effect.map(
          Effect.promise(() => exited),
          () => ({ code: child.exitCode, signal: child.signalCode })
        )
      }
    }),
    ({ child, ended }) =>
      Effect.suspend(() => {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL")
        return ended
      })
  )

/** How a command of the image ends. */
const outcome = (command: readonly [string, ...ReadonlyArray<string>], place: Place) =>
  Effect.scoped(Effect.flatMap(started(command, place), ({ ended }) => ended))

/** A read-only folder with the content of the image. */
const readOnly = (names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const temporary = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "sequentum-mcp-"))),
      (path) =>
        Effect.promise(async () => {
          await execute("chmod", ["-R", "u+w", path])
          await rm(path, { recursive: true, force: true })
        })
    )
    const folder = join(temporary, "app")
    yield* Effect.promise(async () => {
      await mkdir(folder)
      for (const name of names) await cp(join(root, name), join(folder, name), { recursive: true })
      await execute("chmod", ["-R", "a+rX,a-w", temporary])
    })
    return folder
  })

/** Everything in the folder, with what would tell of a change. */
const contents = (folder: string) =>
  Effect.promise(async () => {
    const paths = [".", ...(await readdir(folder, { recursive: true })).sort()]
    return Promise.all(
      paths.map(async (path) => {
        const { ctimeMs, mode, mtimeMs, size } = await stat(join(folder, path))
        return { path, ctimeMs, mode, mtimeMs, size }
      })
    )
  })

describe("what the image runs", () => {
  it.scopedLive("serves from a file system it can't write to, tells its health, and ends on SIGTERM with 0", () =>
    Effect.gen(function* () {
      const { command, copies, env, health } = yield* image
      const folder = yield* readOnly(copies.flatMap(({ sources }) => sources.map((source) => basename(source))))
      const before = yield* contents(folder)
      const port = yield* freePort
      const url = `http://127.0.0.1:${port}`
      const place = {
        cwd: folder,
        env: {
          ...env,
          HOST: "127.0.0.1",
          PORT: String(port),
          SEQUENTUM_API_URL: "http://127.0.0.1:1",
          // Where programs like to write is no better.
          HOME: folder,
          TMPDIR: folder
        }
      }
      // Else that nothing is written would prove nothing.
      const writing = ["node", "-e", "require('node:fs').writeFileSync('written', '')"] as const
      assert.deepStrictEqual(yield* outcome(writing, place), { code: 1, signal: null })

      const { child, ended, written } = yield* started(command, place)
      yield* Effect.raceFirst(
        until(child.stderr, () => written.stderr.includes(`Serving MCP at ${url}/mcp`)),
        Effect.flatMap(ended, () => Effect.dieMessage(`It ended with ${written.stderr}`))
      )
      assert.deepStrictEqual(yield* outcome(health, place), { code: 0, signal: null })
      assert.strictEqual((yield* send(`${url}/ready`)).status, 200)
      assert.strictEqual((yield* send(`${url}/mcp`, { method: "POST" })).status, 401)

      child.kill("SIGTERM")
      assert.deepStrictEqual(yield* ended, { code: 0, signal: null })
      assert.notMatch(written.stderr, /error|EACCES|EROFS/iu)
      assert.deepStrictEqual(yield* outcome(health, place), { code: 1, signal: null })
      assert.deepStrictEqual(yield* contents(folder), before)
    })
  )
})
