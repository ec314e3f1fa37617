import { Refused } from "./errors.ts"
import { fitNotes, fitRows, jsonBytes } from "./fit.ts"
import type { CompareAnswer, CompareJob } from "./protocol.ts"
import { quoted, type Database, type Table } from "./Database.ts"

interface Way {
  readonly next: (place: number) => AsyncIterable<Uint8Array>
  readonly working: () => void
}

/** Names of columns that identify something: among columns that would do equally well they are the better key. */
const identifies = /(?:^|[^a-z])(?:id|sku|upc|ean|gtin|asin|isbn|key|url|link)$|Id$/iu

/** The most columns that are tried as a key. */
const maxCandidates = 50

const first = (rows: ReadonlyArray<ReadonlyArray<unknown>>): number => Number(rows[0]?.[0] ?? 0)

const list = (names: ReadonlyArray<string>) => names.map((name) => JSON.stringify(name)).join(", ")

/** What was added, removed and changed from one file to the next. Rejects with Unreadable or Refused. */
export const compare = async (job: CompareJob, database: Database, way: Way): Promise<CompareAnswer> => {
  const load = (name: string, place: number) =>
    // Texts stay texts: a column that is a number in one run only would differ in every row.
    database.load({ name, fileName: job.fileNames[place] ?? "", bytes: way.next(place), areTypesFound: false })
  const before = await load("before", 0)
  const after = await load("after", 1)
  way.working()

  const count = (sql: string) => first(database.select(`SELECT count(*) FROM ${sql}`).rows)
  const common = after.columns.filter((name) => before.columns.includes(name))
  const only = (one: Table, other: Table) => one.columns.filter((name) => !other.columns.includes(name))

  const same = (names: ReadonlyArray<string>) =>
    names.map((name) => `b.${quoted(name)} IS a.${quoted(name)}`).join(" AND ")
  const isUnique = ({ name, rows }: Table, key: ReadonlyArray<string>) =>
    count(`(SELECT DISTINCT ${key.map(quoted).join(", ")} FROM ${name})`) === rows

  /** The column that is unique and filled in both, and has the most values in common. */
  const findKey = (): ReadonlyArray<string> => {
    const isFilled = (table: string, column: string) =>
      count(`${table} WHERE ${column} IS NULL OR ${column} = ''`) === 0
    const candidates = common.slice(0, maxCandidates).filter((name) => {
      const column = quoted(name)
      return (
        isUnique(before, [name]) && isUnique(after, [name]) && isFilled("before", column) && isFilled("after", column)
      )
    })
    const scored = candidates.map((name) => ({
      name,
      shared:
        count(`after WHERE ${quoted(name)} IN (SELECT ${quoted(name)} FROM before)`) + (identifies.test(name) ? 0.5 : 0)
    }))
    const best = scored.reduce<(typeof scored)[number] | undefined>(
      (found, one) => (found === undefined || one.shared > found.shared ? one : found),
      undefined
    )
    return best === undefined ? [] : [best.name]
  }

  const checkKey = (key: ReadonlyArray<string>) => {
    const missing = key.filter((name) => !common.includes(name))
    if (missing.length > 0) {
      throw new Refused({ problem: `Both runs must have the key ${list(missing)}. Columns of both: ${list(common)}.` })
    }
    const table = [before, after].find((one) => !isUnique(one, key))
    if (table !== undefined) {
      throw new Refused({
        problem: `The key ${list(key)} is not unique in the ${table === before ? "older" : "newer"} run. Add columns to it.`
      })
    }
    return key
  }

  const key = job.key === undefined || job.key.length === 0 ? findKey() : checkKey(job.key)
  const hasKey = key.length > 0
  const columns = hasKey ? after.columns : common
  const shownBefore = columns.map((name) => (common.includes(name) ? `b.${quoted(name)}` : "NULL")).join(", ")
  const shownAfter = columns.map((name) => `a.${quoted(name)}`).join(", ")

  const rowsOf = (sql: string, maxRows = job.maxRows) => database.select(sql, maxRows, job.maxBytes).rows

  if (hasKey) {
    const indexed = key.map(quoted).join(", ")
    database.run(`CREATE INDEX runs.before_key ON before (${indexed})`)
    database.run(`CREATE INDEX runs.after_key ON after (${indexed})`)
  } else {
    // Without a key, equal rows of both runs are paired off by their number.
    const group = common.map(quoted).join(", ")
    const numbered = (table: string) =>
      `CREATE TABLE runs.${table}_n AS SELECT *, row_number() OVER (PARTITION BY ${group === "" ? "1" : group}) AS "n#" FROM ${table}`
    database.run(numbered("before"))
    database.run(numbered("after"))
    const indexed = [...common.slice(0, 20).map(quoted), '"n#"'].join(", ")
    database.run(`CREATE INDEX runs.before_key ON before_n (${indexed})`)
    database.run(`CREATE INDEX runs.after_key ON after_n (${indexed})`)
  }
  const [b, a] = hasKey ? ["before", "after"] : ["before_n", "after_n"]
  const match = same(hasKey ? key : [...common, "n#"])
  const addedFrom = `${a} a WHERE NOT EXISTS (SELECT 1 FROM ${b} b WHERE ${match})`
  const removedFrom = `${b} b WHERE NOT EXISTS (SELECT 1 FROM ${a} a WHERE ${match})`
  const compared = common.filter((name) => !key.includes(name))
  const differs = compared.map((name) => `b.${quoted(name)} IS NOT a.${quoted(name)}`).join(" OR ")
  const pairs = `before b JOIN after a ON ${match}`
  const hasChanges = hasKey && compared.length > 0

  const added = count(addedFrom)
  const removed = count(removedFrom)
  const changed = hasChanges ? count(`${pairs} WHERE ${differs}`) : 0

  const addedRows = rowsOf(`SELECT ${shownAfter} FROM ${addedFrom}`)
  const removedRows = rowsOf(`SELECT ${shownBefore} FROM ${removedFrom}`)
  const pairColumns = [
    ...key.map((name) => `a.${quoted(name)}`),
    ...compared.flatMap((name) => [`b.${quoted(name)}`, `a.${quoted(name)}`])
  ]
  const changes = (hasChanges ? rowsOf(`SELECT ${pairColumns.join(", ")} FROM ${pairs} WHERE ${differs}`) : []).flatMap(
    (row) => {
      const own = row.slice(0, key.length)
      return compared.flatMap((column, index) => {
        const old = row[key.length + 2 * index]
        const now = row[key.length + 2 * index + 1]
        return old === now ? [] : [[...own, column, old, now]]
      })
    }
  )

  const share = (job.maxBytes - jsonBytes(columns)) / 3
  const fittedChanges = fitRows(changes, share)
  const left = () => job.maxBytes - jsonBytes(columns) - jsonBytes(fittedChanges.rows)
  const fittedAdded = fitRows(addedRows, left() / 2)
  const fittedRemoved = fitRows(removedRows, left() - jsonBytes(fittedAdded.rows))
  const arrays = (rows: ReadonlyArray<unknown>) => rows.flatMap((row) => (Array.isArray(row) ? [row] : []))

  const onlyBefore = only(before, after)
  const onlyAfter = only(after, before)
  database.close()
  return {
    kind: "compare",
    key,
    columns,
    added,
    removed,
    changed,
    addedRows: arrays(fittedAdded.rows),
    removedRows: arrays(fittedRemoved.rows),
    changes: arrays(fittedChanges.rows),
    rowCounts: [before.rows, after.rows],
    notes: [
      ...(hasKey
        ? []
        : [
            "No column is unique in both runs, so whole rows are compared and a changed row is one removed and one added. Name a key."
          ]),
      ...(onlyBefore.length > 0 ? [`Only the older run has ${list(onlyBefore)}.`] : []),
      ...(onlyAfter.length > 0 ? [`Only the newer run has ${list(onlyAfter)}.`] : []),
      ...fitNotes(fittedChanges, changes.length, "changed cells"),
      ...fitNotes(fittedAdded, addedRows.length, "added rows"),
      ...fitNotes(fittedRemoved, removedRows.length, "removed rows"),
      ...before.notes.map((note) => `Older run: ${note}`),
      ...after.notes.map((note) => `Newer run: ${note}`)
    ]
  }
}
