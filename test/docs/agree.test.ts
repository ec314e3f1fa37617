import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { loadSettings, settings } from "../../src/config.ts"
import { errorText } from "../../src/mcp/results.ts"
import { allPrompts } from "../../src/prompts/prompts.ts"
import {
  Conflict,
  ConnectionFailed,
  Forbidden,
  NotFound,
  RateLimited,
  Rejected,
  RequestTimeout,
  ServerFailure,
  Unauthorized,
  UnexpectedResponse
} from "../../src/sequentum/errors.ts"
import { fitResult } from "../../src/tools/bounds.ts"
import { buildFailed } from "../../src/tools/catalog/builder.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { select } from "../../src/tools/selection.ts"
import { account } from "../support/account.ts"
import { toolsOver } from "../support/tools.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const text = (path: string) => readFileSync(join(root, path), "utf8")

const runDocs = async (folder: string, ...args: ReadonlyArray<string>) => {
  const tsx = pathToFileURL(join(root, "node_modules/tsx/dist/esm/index.mjs")).href
  const child = spawn(process.execPath, ["--import", tsx, join(root, "scripts/docs.ts"), ...args], { cwd: folder })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()))
  await once(child, "close")
  return { code: child.exitCode, said }
}

const generated = [
  "docs/tool-reference.md",
  "docs/prompts-reference.md",
  "docs/resources-reference.md",
  "docs/settings.md"
]

describe("npm run docs", () => {
  it("has nothing to do", async () => {
    const { code, said } = await runDocs(root, "--check")
    assert.strictEqual(said, "")
    assert.strictEqual(code, 0)
  })

  it("says what is stale and changes nothing, and then makes it new", async () => {
    const folder = await mkdtemp(join(tmpdir(), "docs-"))
    try {
      const readme = text("README.md").replace("46 tools", "45 tools")
      await writeFile(join(folder, "README.md"), readme)
      await writeFile(join(folder, ".prettierrc.json"), text(".prettierrc.json"))
      await mkdir(join(folder, "docs"))
      const { code, said } = await runDocs(folder, "--check")
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(
        said.trim().split("\n"),
        [...generated, "README.md"].map((path) => `${path} is stale: run npm run docs.`)
      )
      assert.strictEqual(await readFile(join(folder, "README.md"), "utf8"), readme)
      assert.strictEqual((await runDocs(folder)).code, 0)
      for (const path of [...generated, "README.md"]) {
        assert.strictEqual(await readFile(join(folder, path), "utf8"), text(path), path)
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe("the documentation", () => {
  it("counts as the registry does", () => {
    assert.include(text("README.md"), "46 tools in 9 toolsets, 18 resources (7 fixed, 11 templates) and 11 prompts.")
  })

  it("names every tool, prompt and setting", () => {
    const readme = text("README.md")
    const reference = text("docs/tool-reference.md")
    for (const { name } of allTools) {
      assert.include(readme, `\`${name}\``)
      assert.include(reference, `\n### ${name}\n`)
    }
    for (const { name } of allPrompts) assert.include(text("docs/prompts-reference.md"), `\n## ${name}\n`)
    for (const { env } of Object.values(settings)) assert.include(text("docs/settings.md"), `| \`${env}\` |`)
  })

  it("names no tool that there is not", () => {
    const names = new Set<string>(allTools.map(({ name }) => name))
    for (const path of [
      "README.md",
      "docs/troubleshooting.md",
      "docs/tool-reference.md",
      "docs/prompts-reference.md"
    ]) {
      for (const [, word = ""] of text(path).matchAll(/`((?:get|list|search|start|stop|run|wait)_[a-z_]+)`/gu)) {
        assert.isTrue(names.has(word), `${path}: ${word}`)
      }
    }
  })

  it("names no setting that there is not", () => {
    const names = new Set([...Object.values(settings).map(({ env }) => env), "NODE_EXTRA_CA_CERTS"])
    const codes = new Set(["ENOTFOUND", "ECONNREFUSED", "CERT"])
    for (const [, word = ""] of text("docs/troubleshooting.md").matchAll(/`([A-Z][A-Z_]+)(?:=\w+)?`/gu)) {
      assert.isTrue(names.has(word) || codes.has(word), word)
    }
  })

  it("links to files and headings that there are", () => {
    const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)]
    for (const page of pages.filter((name) => name.endsWith(".md"))) {
      for (const [, link = ""] of text(page).matchAll(/\]\(([^)\s]+)\)/gu)) {
        if (/^[a-z]+:/u.test(link)) continue
        const [path = "", anchor] = link.split("#")
        const target = path === "" ? page : join(page.startsWith("docs/") ? "docs" : ".", path)
        assert.isTrue(existsSync(join(root, target)), `${page}: ${link}`)
        if (anchor !== undefined) assert.match(text(target), new RegExp(`^#+ ${anchor}$`, "imu"), `${page}: ${link}`)
      }
    }
  })
})

/** Whether a heading's words occur in a text, each `…` standing for anything. */
const occursIn = (heading: string, where: string): boolean =>
  heading
    .split("…")
    .map((part) => part.trim())
    .reduce(
      (from, part) => (from < 0 ? from : where.indexOf(part, from) < 0 ? -1 : where.indexOf(part, from) + part.length),
      0
    ) >= 0

describe("troubleshooting", () => {
  it.effect("has the words that the program uses", () =>
    Effect.gen(function* () {
      const request = { method: "POST", path: "/agent/7/start" }
      const errors = [
        new Unauthorized(request),
        new Forbidden(request),
        new Forbidden({ ...request, requiredScope: "agents:write" }),
        new NotFound(request),
        new Conflict(request),
        new Rejected({ ...request, status: 402 }),
        new RateLimited(request),
        new ServerFailure({ ...request, status: 503 }),
        new RequestTimeout({ ...request, seconds: 30 }),
        new ConnectionFailed({ ...request, reached: true, code: "ECONNRESET" }),
        new ConnectionFailed({ ...request, reached: false, code: "ENOTFOUND" }),
        new UnexpectedResponse({ ...request, status: 200, at: "", problem: "an HTML page where JSON was expected" })
      ]
      const { call } = yield* toolsOver((sent) =>
        sent.path === "/books.csv" ? { body: "\u0000\u0001" } : account(sent)
      )
      const schedule = { agentId: 7, name: "x" }
      const refused = yield* Effect.forEach(
        [
          call("get_agent", {}),
          call("get_agent", { agentId: 7, agent: 1 }),
          call("create_agent_schedule", { ...schedule, scheduleType: 1, startTime: "1970-01-01T00:00:01Z" }),
          call("create_agent_schedule", { ...schedule, cronExpression: "0 2 * * *", timezone: "+02:00" }),
          call("update_agent_schedule", { agentId: 7, scheduleId: 31, cronExpression: "0 2 * * *", runEveryCount: 1 }),
          call("start_agent", { agentId: 7, isRunSynchronously: true, parallelism: 2 }),
          call("preview_run_file", { agentId: 7, runId: 90, fileId: 6 })
        ],
        Effect.flip
      )
      const preview = yield* toolsOver(account)
      const shown = yield* preview.call("preview_run_file", { agentId: 7, runId: 90, fileId: 5, maxRows: 1 })
      const cut = fitResult(
        { rows: Array.from({ length: 99 }, () => "row") },
        { bound: { list: "rows", advice: "Ask less." }, maxBytes: 200 }
      )
      const bad = new Map([
        ["SEQUENTUM_API_KEY", "a b"],
        ["MAX_RESULT_BYTES", "few"],
        ["SEQUENTUM_READ_ONLY", "perhaps"]
      ])
      const settingProblems = (yield* Effect.flip(loadSettings(bad))).problems
      const addressProblems = yield* Effect.forEach(["http://sequentum.example", "sequentum"], (url) =>
        Effect.map(Effect.flip(loadSettings(new Map([["SEQUENTUM_API_URL", url]]))), ({ problems }) =>
          problems.join(" ")
        )
      )
      const unknown = select({ toolsets: ["nope"] }, allTools)
      const words = [
        ...[...errors, ...refused].map((error) => (error._tag === "UnknownTool" ? "" : errorText(error, () => true))),
        String(shown["notice"]),
        String(cut.value["notice"]),
        buildFailed,
        ...settingProblems,
        ...addressProblems,
        ...(Either.isLeft(unknown) ? unknown.left : []),
        // What is said at the start and over HTTP is in no value that a test could ask for.
        ...readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".ts"))
          .map((name) => text(`src/${name}`))
      ]
      const headings = [...text("docs/troubleshooting.md").matchAll(/^### `(.+)`$/gmu)].map(
        ([, heading = ""]) => heading
      )
      assert.isAtLeast(headings.length, 30)
      for (const heading of headings)
        assert.isTrue(
          words.some((where) => occursIn(heading, where)),
          heading
        )
      assert.isFalse(words.some((where) => occursIn("Sequentum refused … the bananas", where)))
    })
  )
})
