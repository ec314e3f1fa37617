import { offered } from "../../scripts/surface.ts"
import type { ToolDescriptor } from "../../src/tools/Tool.ts"

/** Words that say nothing of what is wanted. */
const common = new Set(
  "a about all an and any are as at be been but by can could did do does for from get give has have how i if in is it its let me my need of on one or our out please show so tell than that the their them then there these they this to up us want was we were what when where which who why will with would you your".split(
    " "
  )
)

/** A word without its most usual endings: `costs` and `cost`, `running` and `run`, `queries` and `query`. */
const stem = (word: string): string => {
  const base = word
    .replace(/ies$/u, "y")
    .replace(/(?<=[sxz]|ch|sh)es$/u, "")
    .replace(/(?<![su])s$/u, "")
    .replace(/(?<=[a-z]{3})(?:ing|ed|er|ion)$/u, "")
    .replace(/(?<=[a-z]{2})e$/u, "")
  return base.replace(/([b-df-hj-kmnp-rtv-z])\1$/u, "$1")
}

/** The words of a text, those of `camelCase` and `snake_case` one by one. */
const wordsOf = (text: string): ReadonlyArray<string> =>
  (
    text
      .replace(/([a-z])([A-Z])/gu, "$1 $2")
      .toLowerCase()
      .match(/[a-z]+/gu) ?? []
  )
    .filter((word) => !common.has(word))
    .map(stem)

const firstSentence = (text: string) => /^.*?\.(?= |$)/u.exec(text)?.[0] ?? text

/**
 * What of a tool a search looks at: its name, which counts twice, the first sentence of its description and its
 * parameters' names.
 */
const documentOf = ({ description, inputSchema, name }: ToolDescriptor): ReadonlyArray<string> =>
  [name, name, firstSentence(description), ...Object.keys(Object(inputSchema["properties"]))].flatMap(wordsOf)

const k1 = 1.2
const b = 0.75

/** Ranks tools for a request by Okapi BM25, the best first. */
export const makeRanking = (tools: ReadonlyArray<ToolDescriptor> = offered()) => {
  const documents = tools.map((tool) => ({ name: tool.name, words: documentOf(tool) }))
  const averageLength = documents.reduce((sum, { words }) => sum + words.length, 0) / documents.length
  const documentsWith = new Map<string, number>()
  for (const { words } of documents) {
    for (const word of new Set(words)) documentsWith.set(word, (documentsWith.get(word) ?? 0) + 1)
  }
  const weightOf = (word: string) => {
    const count = documentsWith.get(word) ?? 0
    return Math.log(1 + (documents.length - count + 0.5) / (count + 0.5))
  }
  return (request: string): ReadonlyArray<string> => {
    const wanted = [...new Set(wordsOf(request))]
    return documents
      .map(({ name, words }) => ({
        name,
        score: wanted.reduce((sum, word) => {
          const count = words.filter((other) => other === word).length
          const length = 1 - b + (b * words.length) / averageLength
          return sum + (weightOf(word) * count * (k1 + 1)) / (count + k1 * length)
        }, 0)
      }))
      .sort((left, right) => right.score - left.score)
      .map(({ name }) => name)
  }
}
