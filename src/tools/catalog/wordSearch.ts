import MiniSearch from "minisearch"

/** A thing with a name. */
export interface Named {
  readonly name: string
  readonly description?: string | undefined
}

/** Words that people add, and that tell nothing here. */
const fillers: ReadonlySet<string> = new Set(
  "a an the of for from my our your that this one ones thing all any agent agents bot bots crawler crawlers extractor extractors folder folders job jobs project projects robot scrape scraper scrapers scraping space spaces spider spiders".split(
    " "
  )
)

/** Letters that are no letter with an accent, and are written as others where a keyboard lacks them. */
const plain: Readonly<Record<string, string>> = { ß: "ss", ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe" }

const fold = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[ßøłđæœ]/gu, (letter) => plain[letter] ?? letter)

const wordsOf = (text: string): ReadonlyArray<string> =>
  fold(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")

/** The same text for singular and plural. Not a word: `companies` and `company` become `compani`. */
const stem = (word: string): string => {
  if (word.length <= 3) return word
  const singular = word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word
  return singular.replace(/e$/u, "").replace(/y$/u, "i")
}

/** The words of a query that tell something; all of them if none does. */
const telling = (query: string): ReadonlyArray<string> => {
  const words = wordsOf(query)
  const kept = words.filter((word) => !fillers.has(word))
  return kept.length === 0 ? words : kept
}

const pairsOf = (text: string): ReadonlySet<string> => {
  const padded = ` ${wordsOf(text).map(stem).join(" ")} `
  return new Set(Array.from({ length: Math.max(0, padded.length - 1) }, (_, index) => padded.slice(index, index + 2)))
}

/** How alike two texts are by their pairs of letters, from 0 to 1 (Dice). */
const likeness = (left: ReadonlySet<string>, right: ReadonlySet<string>): number => {
  const common = [...left].filter((pair) => right.has(pair)).length
  return left.size + right.size === 0 ? 0 : (2 * common) / (left.size + right.size)
}

const nearestCount = 3

/** Things that can be searched by words: accents, case, plural and the order of words don't count. */
export interface WordIndex<A> {
  /** Those with each of the words, or a word that begins with it, in their name or description; the best ones first. */
  readonly find: (query: string) => ReadonlyArray<A>
  /** The three whose names are most like the query. */
  readonly nearest: (query: string) => ReadonlyArray<A>
}

export const makeIndex = <A extends Named>(items: ReadonlyArray<A>): WordIndex<A> => {
  const index = new MiniSearch<Named & { readonly id: number }>({
    fields: ["name", "description"],
    tokenize: (text) => [...wordsOf(text)],
    processTerm: stem,
    searchOptions: { combineWith: "AND", prefix: true, boost: { name: 3 } }
  })
  index.addAll(items.map(({ description, name }, id) => ({ id, name, description })))
  const pairs = items.map(({ name }) => pairsOf(name))
  return {
    find: (query) =>
      index.search(telling(query).join(" ")).flatMap(({ id }) => {
        const item = items[Number(id)]
        return item === undefined ? [] : [item]
      }),
    nearest: (query) => {
      const wanted = pairsOf(telling(query).join(" "))
      return items
        .map((item, position) => ({ item, like: likeness(wanted, pairs[position] ?? new Set()) }))
        .sort((left, right) => right.like - left.like)
        .slice(0, nearestCount)
        .map(({ item }) => item)
    }
  }
}
