import { random } from "./random.ts"

export type Cell = string | number | boolean | null
export type Row = Readonly<Record<string, Cell>>

interface Draft {
  readonly index: number
  /** The same in every run, so that two runs of an agent are comparable. */
  readonly pick: <A>(values: readonly [A, ...ReadonlyArray<A>]) => A
  readonly int: (from: number, to: number) => number
  /** A fifth of the prices of a run are off the usual ones by a few percent. */
  readonly price: (from: number, to: number) => number
  /** Differs from run to run. */
  readonly reading: (from: number, to: number) => number
  /** The day of the run. */
  readonly date: string
  /** The same in most runs. */
  readonly chance: (probability: number) => boolean
}

const authors = [
  "Marta Lindqvist",
  "José Álvarez",
  "Tomáš Novák",
  "Amina Okafor",
  "村上 光",
  "Fiona O’Byrne",
  "Henrik Sørensen",
  "Priya Raman",
  "Claire Dubois",
  "W. H. Garrow"
] as const
const adjectives = [
  "Quiet",
  "Hidden",
  "Last",
  "Glass",
  "Distant",
  "Burning",
  "Salt",
  "Paper",
  "Winter",
  "Hollow"
] as const
const nouns = [
  "Harbour",
  "Orchard",
  "Cartographer",
  "Lantern",
  "Archive",
  "River",
  "Atlas",
  "Garden",
  "Signal"
] as const
const cities = ["London", "Berlin", "Kraków", "São Paulo", "Toronto", "Zürich", "Lyon", "Malmö", "Austin"] as const
const makers = ["Northpeak", "Velora", "Kestrel", "Ardent", "Lumen", "Östgård"] as const

const slug = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")

const bookTitle = ({ index, pick }: Draft): string => {
  const plain = `The ${pick(adjectives)} ${pick(nouns)}`
  if (index % 17 === 5) return `“L’été à ${pick(cities)}”, and other stories`
  if (index % 23 === 7) return `${plain}, or "What the Tide Left"`
  if (index % 29 === 11) return `雪国の${pick(["灯", "海", "道"])} (${pick(nouns)})`
  return index % 3 === 0 ? `${plain} of ${pick(cities)}` : plain
}

const day = (index: number): string => {
  const date = (index % 28) + 1
  return `2026-${String((index % 9) + 1).padStart(2, "0")}-${String(date).padStart(2, "0")}`
}

const makeRow = {
  books: (row: Draft): Row => {
    const title = bookTitle(row)
    const category = row.pick(["Fiction", "Mystery", "Travel", "Poetry", "History", "Science", "Children"])
    return {
      title,
      author: row.pick(authors),
      category,
      price: row.price(4.5, 58),
      currency: "GBP",
      rating: row.int(1, 5),
      inStock: row.chance(0.86),
      stockCount: row.int(0, 24),
      upc: `b${String(900_000 + row.index * 37)}`,
      description:
        row.index % 11 === 3
          ? `A novel in two parts.\n"Unhurried, exact," wrote one reader, "and very funny."`
          : `${category}, ${row.int(120, 640)} pages, paperback.`,
      url: `https://books.example/catalogue/${slug(title)}-${row.index + 1}`
    }
  },
  laptops: (row: Draft): Row => {
    const model = `${row.pick(makers)} ${row.pick(["Air", "Pro", "Studio", "Go"])} ${row.int(13, 17)}`
    return {
      name: model,
      brand: model.split(" ")[0] ?? model,
      ram: `${row.pick([8, 16, 32, 64])} GB`,
      storage: `${row.pick([256, 512, 1024, 2048])} GB`,
      screen: `${row.int(13, 17)}"`,
      price: row.price(449, 2899),
      currency: "USD",
      available: row.chance(0.8),
      url: `https://laptops.example/p/${slug(model)}-${row.index + 1}`
    }
  },
  groceries: (row: Draft): Row => ({
    product: `${row.pick(["Organic", "Fresh", "Smoked", "Crème fraîche,", "Whole-grain"])} ${row.pick(["milk", "bread", "salmon", "apples", "jalapeño salsa"])}`,
    size: row.pick(["250 g", "500 g", "1 kg", "1 l"]),
    price: row.price(0.8, 14),
    pricePerKilo: row.index % 9 === 4 ? null : row.price(2, 40),
    offer: row.chance(0.2) ? "2 for 1, this week only" : null,
    store: row.pick(["Maple Street", "Old Town", "Riverside"]),
    url: `https://groceries.example/item/${70_000 + row.index}`
  }),
  sneakers: (row: Draft): Row => ({
    model: `${row.pick(makers)} Runner ${row.int(1, 9)}0`,
    colour: row.pick(["Bone", "Black/Volt", "Ink", "Crème"]),
    release: day(row.index),
    price: row.price(80, 240),
    sizes: "40,41,42,43,44",
    url: `https://sneakers.example/drops/${row.index + 1}`
  }),
  reviews: (row: Draft): Row => ({
    productId: 5_000 + (row.index % 40),
    stars: row.int(1, 5),
    reviewer: row.pick(authors),
    date: day(row.index),
    title: row.pick(["As described", "Better than expected", "Not for me", 'The "pro" is not pro']),
    body:
      row.index % 7 === 2
        ? "Arrived late.\nBox was damaged, product fine, support helpful 👍"
        : "Works well, would buy again.",
    verified: row.int(0, 9) > 1,
    url: `https://reviews.example/r/${row.index + 1}`
  }),
  jobs: (row: Draft): Row => ({
    title: `${row.pick(["Senior", "Junior", "Lead", "Staff"])} ${row.pick(["Data Engineer", "Analyst", "Nurse", "Buyer", "Welder"])}`,
    company: `${row.pick(makers)} ${row.pick(["GmbH", "Ltd", "S.A.", "Inc., Europe"])}`,
    location: row.pick(cities),
    salary: row.index % 5 === 1 ? null : `${row.int(32, 120)},000`,
    remote: row.int(0, 3) === 0,
    posted: day(row.index),
    url: `https://jobs.example/vacancy/${300_000 + row.index}`
  }),
  properties: (row: Draft): Row => ({
    address: `${row.int(1, 220)} ${row.pick(nouns)} Street, ${row.pick(cities)}`,
    type: row.pick(["Flat", "House", "Studio"]),
    bedrooms: row.int(0, 5),
    areaM2: row.int(24, 260),
    price: Math.round(row.price(140, 1900)) * 1000,
    agentPhone: row.index % 6 === 0 ? null : `+44 20 7946 0${row.int(100, 999)}`,
    url: `https://homes.example/listing/${88_000 + row.index}`
  }),
  headlines: (row: Draft): Row => ({
    headline: `${row.pick(cities)}: ${row.pick(nouns)} ${row.pick(["reopens", "closes", "wins award", "to be rebuilt"])}`,
    section: row.pick(["World", "Business", "Culture", "Sport"]),
    byline: row.pick(authors),
    published: `${day(row.index)}T0${row.index % 10}:15:00Z`,
    url: `https://news.example/story/${row.index + 1}`
  }),
  companies: (row: Draft): Row => ({
    name: `${row.pick(makers)} ${row.pick(nouns)} ${row.pick(["Ltd", "GmbH", "S.p.A."])}`,
    city: row.pick(cities),
    employees: row.int(3, 4200),
    website: `https://company-${row.index + 1}.example`
  }),
  hotels: (row: Draft): Row => ({
    hotel: `${row.pick(["Grand", "Hôtel", "Pension"])} ${row.pick(nouns)}`,
    city: row.pick(cities),
    nightlyRate: row.price(48, 410),
    currency: "EUR",
    breakfast: row.int(0, 1) === 1,
    url: `https://hotels.example/h/${row.index + 1}`
  }),
  menus: (row: Draft): Row => ({
    cafe: `Café ${row.pick(nouns)}`,
    dish: `${row.pick(["Rösti", "Linsensuppe", "Älplermagronen", "Quiche", "Salat"])} ${row.pick(["mit Ei", "nach Art des Hauses", "klein", "groß"])}`,
    price: row.price(9, 32),
    currency: "CHF",
    vegetarian: row.int(0, 2) > 0,
    url: `https://menus.example/zuerich/${row.index + 1}`
  }),
  rates: (row: Draft): Row => ({
    base: "EUR",
    quote:
      ["USD", "GBP", "JPY", "CHF", "SEK", "NOK", "PLN", "CZK", "BRL", "CAD", "AUD", "NZD"][row.index % 12] ?? "USD",
    rate: row.price(0.8, 1.4),
    asOf: row.date
  }),
  weather: (row: Draft): Row => ({
    station: `${row.pick(cities)}-${row.index + 1}`,
    temperatureC: row.reading(-12, 34),
    windKmh: row.reading(0, 90),
    note: row.chance(0.1) ? "sensor offline" : null
  })
} as const

export type DatasetName = keyof typeof makeRow

/** Data sets that hold the same items in every run. Items of the others appear and disappear. */
const complete: ReadonlySet<DatasetName> = new Set<DatasetName>(["rates", "weather"])

/** New items in a run of data sets that list the newest ones. */
const newItems: Readonly<Partial<Record<DatasetName, number>>> = { headlines: 8, jobs: 5, reviews: 6 }

/** What decides which rows a run extracted. */
export interface Extraction {
  readonly dataset: DatasetName
  readonly agentId: number
  readonly sequence: number
  /** YYYY-MM-DD. */
  readonly date: string
  readonly count: number
  readonly inputs: Readonly<Record<string, unknown>>
  readonly only: { readonly column: string; readonly value: string } | null
}

const makeItem = ({ agentId, dataset, date, sequence }: Extraction, index: number): Row => {
  const item = random(`item/${agentId}/${index}`)
  const drift = random(`drift/${agentId}/${sequence}/${index}`)
  const usual = random(`usual/${agentId}/${index}`)
  const varies = (share: number) => drift.next() < share
  return makeRow[dataset]({
    index,
    date,
    pick: item.pick,
    int: item.int,
    reading: drift.int,
    price: (from, to) => {
      const price = from + item.next() * (to - from)
      const factor = 0.97 + drift.next() * 0.06
      return Math.round(price * (dataset === "rates" || varies(0.2) ? factor : 1) * 100) / 100
    },
    chance: (probability) => (varies(0.08) ? drift : usual).next() < probability
  })
}

/** About one item in thirty is missing from a run. */
const isMissing = ({ agentId, dataset, sequence }: Extraction, index: number): boolean =>
  !complete.has(dataset) && random(`missing/${agentId}/${sequence}/${index}`).next() < 1 / 30

/**
 * The rows that a run extracted. Items depend on the agent; prices and stock, and which items there are, depend on the run.
 * An input parameter with the name of a column sets that column, unless its value is "All".
 */
export const makeRows = (extraction: Extraction): ReadonlyArray<Row> => {
  const { count, inputs, only } = extraction
  const wanted = new Map(
    Object.entries(inputs).flatMap(([name, value]) =>
      typeof value === "string" && value !== "" && value.toLowerCase() !== "all" ? [[name.toLowerCase(), value]] : []
    )
  )
  const first = (newItems[extraction.dataset] ?? 0) * extraction.sequence
  const rows: Array<Row> = []
  // The bound is for a run of one value that no item has.
  for (let index = first; rows.length < count && index < first + count * 20 + 100; index++) {
    if (isMissing(extraction, index)) continue
    const row = makeItem(extraction, index)
    if (only !== null && row[only.column] !== only.value) continue
    rows.push(
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, wanted.get(name.toLowerCase()) ?? value]))
    )
  }
  return rows
}

/** The words that stand for people, makers and places in the rows. */
export const vocabulary = { authors, makers, cities } as const
