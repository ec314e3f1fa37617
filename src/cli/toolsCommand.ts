import * as Effect from "effect/Effect"
import { operatorSelection } from "../serve/layers.ts"
import { loadSettings, type Overrides } from "../config.ts"
import { allTools } from "../tools/catalog/all.ts"
import type { ToolAnnotations } from "../tools/Tool.ts"
import { out, screenWidth } from "./print.ts"
import { table } from "./table.ts"

const hintWords = (hints: ToolAnnotations): string =>
  hints.readOnlyHint
    ? "read-only"
    : [
        hints.destructiveHint ? "destructive" : "writes",
        ...(hints.openWorldHint ? ["open world"] : []),
        ...(hints.idempotentHint === true ? ["idempotent"] : [])
      ].join(", ")

const listing = (rows: ReadonlyArray<Readonly<Record<string, string>>>) =>
  rows.length === 0
    ? "No tool is offered under these flags and settings."
    : `${table(rows, screenWidth())}\n\n${rows.length === 1 ? "1 tool" : `${rows.length} tools`}`

/** Prints the tools that the settings and flags offer. */
export const listTools = (asJson: boolean, overrides: Overrides) =>
  Effect.gen(function* () {
    const selection = yield* Effect.flatMap(loadSettings(overrides), operatorSelection)
    const rows = allTools
      .filter(selection)
      .map(({ annotations, name, title, toolset }) => ({ name, toolset, hints: hintWords(annotations), title }))
    yield* out(asJson ? JSON.stringify(rows) : listing(rows))
  })
