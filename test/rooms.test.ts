import { assert, describe, it } from "@effect/vitest"
import { ESLint } from "eslint"

/** The project's own lint, without the rules that need types. */
const lint = new ESLint({
  ruleFilter: ({ ruleId }) => ruleId === "house/rooms" || ruleId === "no-restricted-imports",
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } }
})

const problemsOf = async (file: string, code: string) => {
  const results = await lint.lintText(code, { filePath: `src/${file}` })
  return results.flatMap(({ messages }) => messages.map(({ message }) => message))
}

const refused = [
  ["tools/catalog/spaces.ts", 'import { serverLayer } from "../../serve/layers.ts"'],
  ["tools/catalog/spaces.ts", 'import type { Handlers } from "../../mcp/handlers.ts"'],
  ["tools/catalog/spaces.ts", 'import { serveHttp } from "../../http/server.ts"'],
  ["tools/catalog/spaces.ts", 'import { serveMcp } from "../../main.ts"'],
  ["tools/selection.ts", 'import { serverLayer } from "../serve/layers.ts"'],
  ["tools/selection.ts", 'import { errorText } from "../mcp/results.ts"'],
  ["tools/selection.ts", 'import { serveHttp } from "../http/server.ts"'],
  ["tools/selection.ts", 'import { allTools } from "./catalog/all.ts"'],
  ["tools/selection.ts", 'export { allTools } from "./catalog/all.ts"'],
  ["tools/selection.ts", 'export * from "../mcp/results.ts"'],
  ["tools/selection.ts", 'export const later = () => import("../http/server.ts")'],
  ["tools/selection.ts", 'import { Server } from "@modelcontextprotocol/server"'],
  ["resources/read.ts", 'import { allPrompts } from "../prompts/prompts.ts"'],
  ["sequentum/client/Retry.ts", 'import { Runs } from "../Runs.ts"'],
  ["sandbox/state.ts", 'import { Run } from "../sequentum/schemas/Run.ts"'],
  ["config.ts", 'import { allTools } from "./tools/catalog/all.ts"'],
  ["main.ts", 'import { allTools } from "./tools/catalog/all.ts"'],
  ["http/server.ts", 'import * as HttpClient from "@effect/platform/HttpClient"'],
  ["http/admission/origins.ts", 'import * as Undici from "@effect/platform-node/Undici"'],
  ["http/server.ts", 'import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"'],
  ["http/server.ts", 'import { layerUndici } from "../sequentum/client/upstreamUndici.ts"'],
  ["data/pool.ts", 'import { Files } from "../sequentum/Files.ts"'],
  ["data/pool.ts", 'import { Server } from "@modelcontextprotocol/server"'],
  ["resources/read.ts", 'import { DataWorkers } from "../data/DataWorkers.ts"'],
  ["stray.ts", 'import { settings } from "./config.ts"'],
  ["sequentum/Runs.ts", 'import { Effect } from "effect"']
] as const

const accepted = [
  ["tools/catalog/spaces.ts", 'import { Spaces } from "../../sequentum/Spaces.ts"'],
  ["tools/catalog/spaces.ts", 'import { pick } from "../outputs.ts"'],
  ["sequentum/client/Retry.ts", 'import type { SequentumError } from "../errors.ts"'],
  ["http/admission/narrowing.ts", 'import { select } from "../../tools/selection.ts"'],
  ["tools/catalog/runData.ts", 'import { DataWorkers } from "../../data/DataWorkers.ts"'],
  ["serve/http.ts", 'import { layerUndici } from "../sequentum/client/upstreamUndici.ts"'],
  ["main.ts", 'import { serveMcp } from "./serve/serve.ts"']
] as const

describe("the rooms of the source", () => {
  it.each(refused)("%s must not have: %s", async (file, code) => {
    assert.lengthOf(await problemsOf(file, code), 1)
  })

  it.each(accepted)("%s may have: %s", async (file, code) => {
    assert.deepStrictEqual(await problemsOf(file, code), [])
  })
})
