import { Refused } from "./errors.ts"
import { fitNotes, fitRows, jsonBytes } from "./fit.ts"
import type { CompareAnswer, CompareJob } from "./protocol.ts"
import { quoted, rowNumber, type Database, type Table } from "./Database.ts"
import { HashCounts, RowHash } from "./rowHash.ts"
import { UniqueColumns } from "./UniqueColumns.ts"

interface Way {
  readonly next: (place: number) => AsyncIterable<Uint8Array>
  readonly working: () => void
}

const first = (rows: ReadonlyArray<ReadonlyArray<unknown>>): number => Number(rows[0]?.[0] ?? 0)

/** The most names that a sentence lists. */
const maxListed = 50

const list = (names: ReadonlyArray<string>) => {
  const more = names.length > maxListed ? ` and ${names.length - maxListed} more` : ""
  return `${names
    .slice(0, maxListed)
    .map((name) => JSON.stringify(name))
    .join(", ")}${more}`
}

const noKey =
  "No column is unique in both runs, so whole rows are compared and a changed row is one removed and one added. Name a key."

const noColumn = "The runs have no column in common: every row counts as removed or added."

/** Whether any of the terms holds. Halved again and again, since SQLite limits how deep an expression is nested. */
const anyOf = (terms: ReadonlyArray<string>): string => {
  if (terms.length <= 1) return terms[0] ?? "0"
  const half = Math.ceil(terms.length / 2)
  return `(${anyOf(terms.slice(0, half))} OR ${anyOf(terms.slice(half))})`
}

/** What there is of a kind of difference. */
interface Differences {
  count: number
  /** Numbers of the first rows. */
  readonly rows: Array<number>
}

/** What was added, removed and changed from one file to the next. Rejects with Unreadable or Refused. */
export const compare = async (job: CompareJob, database: Database, way: Way): Promise<CompareAnswer> => {
  const load = (name: string, place: number, unique: UniqueColumns) =>
    database.load({
      name,
      fileName: job.fileNames[place] ?? "",
      bytes: way.next(place),
      // Texts stay texts: a column that is a number in one run only would differ in every row.
      areTypesFound: false,
      seeRow: (row, names) => unique.see(row, names)
    })
  const uniqueBefore = new UniqueColumns()
  const before = await load("before", 0, uniqueBefore)
  const uniqueAfter = new UniqueColumns(uniqueBefore)
  const after = await load("after", 1, uniqueAfter)
  way.working()

  const common = after.columns.filter((name) => before.columns.includes(name))
  const only = (one: Table, other: Table) => one.columns.filter((name) => !other.columns.includes(name))

  const checkKey = (key: ReadonlyArray<string>) => {
    const missing = key.filter((name) => !common.includes(name))
    if (missing.length > 0) {
      throw new Refused({ problem: `Both runs must have the key ${list(missing)}. Columns of both: ${list(common)}.` })
    }
    const columns = key.map(quoted).join(", ")
    const table = [before, after].find(({ name, rows }) => {
      database.run(`CREATE INDEX runs.${name}_key ON ${name} (${columns})`)
      return first(database.select(`SELECT count(*) FROM (SELECT DISTINCT ${columns} FROM ${name})`).rows) < rows
    })
    if (table !== undefined) {
      throw new Refused({
        problem: `The key ${list(key)} is not unique in the ${table === before ? "older" : "newer"} run. Add columns to it.`
      })
    }
    return key
  }

  const findKey = (): ReadonlyArray<string> => {
    const name = uniqueAfter.best(common)
    if (name === undefined) return []
    database.run(`CREATE INDEX runs.before_key ON before (${quoted(name)})`)
    return [name]
  }

  const key = job.key === undefined || job.key.length === 0 ? findKey() : checkKey([...new Set(job.key)])
  const hasKey = key.length > 0
  const compared = common.filter((name) => !key.includes(name))
  const pairs = `after a LEFT JOIN before b ON ${key.map((name) => `b.${quoted(name)} IS a.${quoted(name)}`).join(" AND ")}`
  const differs = anyOf(compared.map((name) => `b.${quoted(name)} IS NOT a.${quoted(name)}`))

  const none = (): Differences => ({ count: 0, rows: [] })
  const [added, removed, changed] = [none(), none(), none()]
  const note = (kind: Differences, row: number) => {
    kind.count += 1
    if (kind.rows.length < job.maxRows) kind.rows.push(row)
  }

  if (hasKey) {
    // One bit a row: what no newer row has met was removed.
    const met = new Uint8Array(before.rows + 1)
    database.each(`SELECT a.${rowNumber}, b.${rowNumber}, ${differs} FROM ${pairs}`, ([now, old, isChanged]) => {
      if (old === null) note(added, Number(now))
      else {
        met[Number(old)] = 1
        if (isChanged === 1) note(changed, Number(now))
      }
    })
    for (let row = 1; row <= before.rows; row++) if (met[row] === 0) note(removed, row)
  } else if (common.length === 0) {
    for (let row = 1; row <= after.rows; row++) note(added, row)
    for (let row = 1; row <= before.rows; row++) note(removed, row)
  } else {
    // Equal rows of both runs are paired off, whatever their order.
    const counts = new HashCounts()
    const hash = new RowHash()
    const columns = [rowNumber, ...common.map(quoted)].join(", ")
    const walk = (table: string, see: (row: number) => void) =>
      database.each(`SELECT ${columns} FROM ${table}`, ([row, ...cells]) => {
        hash.begin()
        for (const cell of cells) hash.add(cell)
        see(Number(row))
      })
    walk("before", () => counts.add(hash, 1))
    walk("after", (row) => {
      if (counts.count(hash) > 0) counts.add(hash, -1)
      else note(added, row)
    })
    // What is left was removed.
    walk("before", (row) => {
      if (counts.count(hash) === 0) return
      counts.add(hash, -1)
      note(removed, row)
    })
  }
  const columns = hasKey || common.length === 0 ? after.columns : common
  const cellsOf = (
    from: string,
    cells: ReadonlyArray<string>,
    table: string,
    { rows }: Differences,
    maxLength?: number
  ) =>
    database.select(
      `SELECT ${cells.length === 0 ? "NULL" : cells.join(", ")} FROM ${from} WHERE ${table}.${rowNumber} IN (${rows.join(", ")})`,
      job.maxRows,
      maxLength ?? job.maxBytes
    ).rows
  const addedRows = cellsOf(
    "after a",
    columns.map((name) => `a.${quoted(name)}`),
    "a",
    added
  )
  const removedRows = cellsOf(
    "before b",
    columns.map((name) => (common.includes(name) ? `b.${quoted(name)}` : "NULL")),
    "b",
    removed
  )
  const changedPairs = hasKey
    ? cellsOf(
        pairs,
        [
          ...key.map((name) => `a.${quoted(name)}`),
          ...compared.flatMap((name) => [`b.${quoted(name)}`, `a.${quoted(name)}`])
        ],
        "a",
        changed,
        // Two texts may differ where they would be cut.
        Number.POSITIVE_INFINITY
      )
    : []
  const changes = changedPairs.flatMap((row) => {
    const own = row.slice(0, key.length)
    return compared.flatMap((column, index) => {
      const old = row[key.length + 2 * index]
      const now = row[key.length + 2 * index + 1]
      return old === now ? [] : [[...own, column, old, now]]
    })
  })

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
    added: added.count,
    removed: removed.count,
    changed: changed.count,
    addedRows: arrays(fittedAdded.rows),
    removedRows: arrays(fittedRemoved.rows),
    changes: arrays(fittedChanges.rows),
    rowCounts: [before.rows, after.rows],
    notes: [
      ...(hasKey ? [] : [common.length === 0 ? noColumn : noKey]),
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
