import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { Stop } from "../serve/runMain.ts"
import type { JsonObject, ToolDescriptor } from "../tools/Tool.ts"
import { propertiesOf } from "./toolHelp.ts"

const wrong = (problem: string) => new Stop({ lines: [problem], problem: "usage" })

const quoted = (text: string) => JSON.stringify(text.slice(0, 60))

const parseJson = (text: string) => Either.try((): unknown => JSON.parse(text))

const jsonArguments = (text: string, from: string) =>
  Either.match(parseJson(text), {
    onLeft: () => wrong(`${from} not JSON: ${quoted(text)}. Quote them: '{"name":"value"}', or write name=value.`),
    onRight: (value) =>
      Predicate.isReadonlyRecord(value)
        ? Effect.succeed<JsonObject>(value)
        : wrong(`${from} not a JSON object: ${quoted(text)}.`)
  })

const none: JsonObject = {}

/** All that there is on stdin, as text. */
const standardInput = Effect.promise(async () => {
  process.stdin.setEncoding("utf8")
  let text = ""
  for await (const chunk of process.stdin) text += String(chunk)
  return text
})

/** A value as the tool reads it: texts stand for all plain types. Lists may be separated by commas. */
const readValue = (schema: JsonObject, text: string): unknown => {
  if (schema["type"] !== "array" && schema["type"] !== "object") return text
  const parsed = Either.getOrUndefined(parseJson(text))
  if (typeof parsed === "object" && parsed !== null) return parsed
  return schema["type"] === "array" ? text.split(",").map((item) => item.trim()) : text
}

const namedValue = (tool: ToolDescriptor, word: string): Either.Either<readonly [string, unknown], string> => {
  const match = /^([A-Za-z_]\w*)=([\s\S]*)$/u.exec(word)
  const [, name = "", value = ""] = match ?? []
  return match === null
    ? Either.left(
        `${quoted(word)} is not an argument: write name=value, a JSON object, or - for JSON on stdin. See sequentum-mcp call ${tool.name} --help.`
      )
    : Either.right([name, readValue(propertiesOf(tool).get(name) ?? {}, value)])
}

/**
 * The arguments of a call from its words: JSON objects, `-` for one on stdin, and `name=value`. What stands later adds
 * to what stands before. Fails with Stop for a word that is none of these, and for a name that is given twice.
 */
export const readCallArguments = (
  tool: ToolDescriptor,
  words: ReadonlyArray<string>
): Effect.Effect<JsonObject, Stop> =>
  Effect.reduce(words, none, (args, word) =>
    Effect.gen(function* () {
      const more =
        word === "-"
          ? yield* Effect.flatMap(standardInput, (text) => jsonArguments(text, "The arguments on stdin are"))
          : word.trimStart().startsWith("{")
            ? yield* jsonArguments(word, "The arguments are")
            : Object.fromEntries([yield* Effect.mapError(namedValue(tool, word), wrong)])
      const twice = Object.keys(more).find((name) => Object.hasOwn(args, name))
      return twice === undefined ? { ...args, ...more } : yield* wrong(`${quoted(twice)} is given twice.`)
    })
  )
