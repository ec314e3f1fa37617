import type { Cell, Row } from "./datasets.ts"
import { vocabulary } from "./datasets.ts"
import { random } from "./random.ts"

/** Words before the first column of a list, and after the last one. */
const before =
  /^.*\b(?:the|a|an|all|its|their|with|of|for|by|me|columns?|fields?|extract|scrape|get|collect|include|including|fetch|find|list|monitor|track|want|need|read|save|give|show|return|deliver)\s+/iu
const after = /\s+(?:(?:of|for|in)\s+(?:every|each|all|the|any|its|their)|from|on|at|per|using|as|please)(?:\s.*)?$/iu

/** Words that make a list of two a list of columns. */
const known =
  /\b(?:title|name|price|rating|url|link|author|brand|stock|availability|description|date|image|category|currency|address|phone|salary|company)s?\b/iu

const column = /^[\p{L}\d][\p{L}\d'’-]*(?: [\p{L}\d'’-]+){0,2}$/u

const plain = (word: string): string =>
  word.length > 4 && known.test(word) && word.endsWith("s") ? word.slice(0, -1) : word

/** Joins the words of a column as the other data sets do: `product name` is `productName`. */
const toName = (text: string): string =>
  text
    .toLowerCase()
    .split(/[ '’-]+/u)
    .filter((word) => word !== "")
    .map((word, index) => (index === 0 ? plain(word) : plain(word.slice(0, 1).toUpperCase() + word.slice(1))))
    .join("")

/** The columns that a prompt lists, such as "title, price and rating"; null if it lists none. */
export const columnsIn = (prompt: string): ReadonlyArray<string> | null => {
  for (const clause of prompt.split(/[.;:()\n!?]+/u)) {
    const items = clause
      .replace(/^.*\b(?:with|including|columns|fields)\b/iu, "")
      .trim()
      .split(/\s*,\s*(?:and\s+|&\s*)?|\s+(?:and|&)\s+/u)
    const source = items.findIndex((item) => /^(?:from|on|at)\b/iu.test(item))
    const parts = source === -1 ? items : items.slice(0, source)
    const names = parts.map((part, index) => {
      const end = index === parts.length - 1 ? part.replace(after, "") : part
      return end.replace(before, "").trim()
    })
    if (parts.length > 1 && names.every((name) => column.test(name)) && (parts.length > 2 || known.test(clause))) {
      return [...new Set(names.map(toName))]
    }
  }
  return null
}

const letters = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\d]/gu, "")

const values: ReadonlyArray<
  readonly [RegExp, ReadonlyArray<string>, (dice: ReturnType<typeof random>, index: number) => Cell]
> = [
  [/price|cost|amount|fee/u, ["price", "nightlyRate"], (dice) => dice.int(400, 25_000) / 100],
  [/rating|star|score/u, ["rating", "stars"], (dice) => dice.int(1, 5)],
  [/availab|instock/u, ["available", "inStock"], (dice) => dice.int(0, 9) < 8],
  [/stock|quantity|count|number/u, ["stockCount"], (dice) => dice.int(0, 40)],
  [/url|link/u, ["url", "website"], (_, index) => `https://site.example/item/${index + 1}`],
  [/image|photo|picture/u, [], (_, index) => `https://site.example/image/${index + 1}.jpg`],
  [/date|published|posted/u, ["date", "posted", "published", "release"], (dice) => `2026-0${dice.int(1, 9)}-15`],
  [/currency/u, ["currency"], () => "EUR"],
  [
    /author|writer|seller|company|brand|maker/u,
    ["author", "byline", "company", "brand"],
    (dice) => dice.pick(vocabulary.makers)
  ],
  [/city|place|location|country|address/u, ["city", "location", "address"], (dice) => dice.pick(vocabulary.cities)],
  [
    /title|name|product|headline|model|item/u,
    ["title", "name", "product", "headline", "model", "hotel", "station"],
    (_, index) => `Item ${index + 1}`
  ],
  [/description|summary|text/u, ["description", "body", "note"], (dice) => `${dice.int(2, 9)} lines of text.`]
]

/** A row with exactly the given columns. Values come from the row where it has them. */
export const project = (row: Row, columns: ReadonlyArray<string>, agentId: number, index: number): Row =>
  Object.fromEntries(
    columns.map((name) => {
      const same = Object.keys(row).find((key) => letters(key) === letters(name))
      const [, sources = [], make] = values.find(([pattern]) => pattern.test(letters(name))) ?? []
      const source = same ?? sources.find((key) => key in row)
      const other = make?.(random(`column/${agentId}/${name}/${index}`), index) ?? `${name} ${index + 1}`
      return [name, source === undefined ? other : (row[source] ?? null)]
    })
  )
