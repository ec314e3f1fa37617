import * as Effect from "effect/Effect"
import { operatorSelection } from "../serve/layers.ts"
import { loadSettings, type Overrides } from "../config.ts"
import { allTools } from "../tools/catalog/all.ts"
import type { ToolDescriptor } from "../tools/Tool.ts"
import { findTool } from "./callCommand.ts"
import { hintWords } from "./hints.ts"
import { out, screenWidth, stdoutStyle, type Style } from "./print.ts"
import { table } from "./table.ts"
import { toolHelp } from "./toolHelp.ts"

const listing = (rows: ReadonlyArray<Readonly<Record<string, string>>>, style: Style) =>
  rows.length === 0
    ? "No tool is offered under these flags and settings."
    : `${table(rows, screenWidth(), style)}\n\n${rows.length === 1 ? "1 tool" : `${rows.length} tools`}`

/** Prints the tools that the settings and flags offer. */
export const listTools = (asJson: boolean, overrides: Overrides) =>
  Effect.gen(function* () {
    const selection = yield* Effect.flatMap(loadSettings(overrides), operatorSelection)
    const rows = allTools
      .filter(selection)
      .map(({ annotations, name, title, toolset }) => ({ name, toolset, hints: hintWords(annotations), title }))
    yield* out(asJson ? JSON.stringify(rows) : listing(rows, yield* stdoutStyle))
  })

const json = ({ annotations, description, inputSchema, name, outputSchema, title, toolset }: ToolDescriptor) =>
  JSON.stringify({ name, toolset, hints: hintWords(annotations), title, description, inputSchema, outputSchema })

/** Prints the help of one tool. Fails with Stop for a name that there is not. */
export const helpOnTool = (name: string) =>
  Effect.gen(function* () {
    const tool = yield* findTool(name)
    yield* out(toolHelp(tool, Math.min(screenWidth(), 100), yield* stdoutStyle))
  })

/** Prints one tool that the settings and flags offer: its help, or all there is to know as JSON. */
export const showTool = (name: string, asJson: boolean, overrides: Overrides) =>
  Effect.gen(function* () {
    const selection = yield* Effect.flatMap(loadSettings(overrides), operatorSelection)
    const tool = yield* findTool(name, selection)
    yield* asJson ? out(json(tool)) : helpOnTool(name)
  })
