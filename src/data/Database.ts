import { readFile } from "node:fs/promises"
import * as Either from "effect/Either"
import initSqlJs from "sql.js"
import { distinct, type Columns } from "./Columns.ts"
import { Refused } from "./errors.ts"
import { toPlain } from "./fit.ts"
import { maxAllBytes, maxHeapBytes, maxTableBytes, maxTableRows, type Json } from "./protocol.ts"
import { readTable } from "./readTable.ts"
import type { Cells, Reader } from "./Reader.ts"
import type { Stored } from "./rowHash.ts"
import { ColumnTypes, type ColumnType } from "./types.ts"

const MiB = 2 ** 20

type Value = number | string | bigint | Uint8Array | null

/** A statement with what the library's types leave out. */
interface Statement {
  step(): boolean
  get(params: null, config: { readonly useBigInt: boolean }): ReadonlyArray<Value>
  getColumnNames(): ReadonlyArray<string>
  free(): boolean
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** What SQLite calls the number of a row, in tables that have no such column. */
export const rowNumber = "_rowid_"

/** Words that SQLite does not take for a name. Source: sqlite.org/lang_keywords.html, tried one by one. */
const reserved = new Set(
  "add all alter and as autoincrement between case cast check collate commit constraint create current_date current_time current_timestamp default deferrable delete distinct drop else escape except exists foreign from group having in index insert intersect into is isnull join limit not nothing notnull null on or order primary raise references returning select set table then to transaction union unique update using values when where".split(
    " "
  )
)

/** A name as a statement must write it: in quotes where it is not one word, or one of SQL. */
const inSql = (name: string) =>
  /^[A-Za-z_]\w*$/u.test(name) && !reserved.has(name.toLowerCase()) ? name : quoted(name)

export interface Table {
  readonly name: string
  /** Names in SQL, which knows no difference of case. */
  readonly columns: ReadonlyArray<string>
  readonly types: ReadonlyArray<ColumnType>
  readonly rows: number
  readonly notes: ReadonlyArray<string>
}

interface Source {
  readonly name: string
  readonly fileName: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** Whether numbers in untyped files become numbers. */
  readonly areTypesFound: boolean
  /** Called with each row as it is kept. `names` are all columns so far. */
  readonly seeRow?: (row: ReadonlyArray<Stored>, names: ReadonlyArray<string>) => void
}

const narrow = "Query fewer tables, or a run with less data; get_file_download_url fetches the whole file."

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const outOfMemory = new Refused({
  problem: `It needs more than ${maxHeapBytes / MiB} MiB of memory. Select fewer columns or rows, or aggregate in steps.`
})

/** What SQLite says of a statement, with the names that there are. */
const sqlProblem = (error: unknown, tables: ReadonlyArray<Table>): Refused => {
  const message = messageOf(error)
  if (/out of memory|string or blob too big/u.test(message)) return outOfMemory
  if (/readonly database|not authorized/u.test(message)) return new Refused({ problem: onlySelect })
  const isName = /^no such (?:column|table)|ambiguous/u.test(message)
  const names = tables.map(({ columns, name, types }) => {
    const shown = columns.slice(0, 50).map((column, index) => `${inSql(column)} ${types[index] ?? "TEXT"}`)
    const more = columns.length > shown.length ? `, and ${columns.length - shown.length} more` : ""
    return `${inSql(name)}(${shown.join(", ")}${more})`
  })
  return new Refused({ problem: `SQL: ${message}.${isName ? ` There are: ${names.join("; ")}.` : ""}` })
}

const onlySelect = "Only one statement can be run, which begins with SELECT or WITH and changes nothing."

/** The text without comments and blanks before its first word. */
const firstWord = (sql: string): string => {
  const stripped = sql.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()*/u, "")
  return (/^[a-z]+/iu.exec(stripped)?.[0] ?? "").toUpperCase()
}

/** Parts of a statement in which a double quote means something else, then a name in double quotes. */
const quotedParts = /'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"]|"")*)"/gu

/** Names in backticks: SQLite reads a name in double quotes that it does not know as a text. */
const withNames = (sql: string): string =>
  sql.replace(quotedParts, (part: string, name: string | undefined) =>
    name === undefined ? part : `\`${name.replaceAll('""', '"').replaceAll("`", "``")}\``
  )

export interface QueryResult {
  readonly columns: ReadonlyArray<string>
  readonly types: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
  readonly hasMoreRows: boolean
}

/** The most that the rows of a result may hold before they are cut, in characters. */
const maxResultLength = 16 * MiB

const shown = (value: Value, maxLength: number): unknown => {
  if (value instanceof Uint8Array) return `a blob of ${value.length} bytes`
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  if (typeof value === "string" && value.length > maxLength) {
    return `${value.slice(0, maxLength)}… [${value.length - maxLength} more characters omitted]`
  }
  return typeof value === "bigint" ? toPlain(value) : value
}

const typeOf = (value: Value): string | undefined => {
  if (value === null) return undefined
  if (typeof value === "bigint") return "INTEGER"
  if (typeof value === "number") return "REAL"
  return typeof value === "string" ? "TEXT" : "BLOB"
}

const stored = (cell: Json | undefined): Stored => {
  switch (typeof cell) {
    case "string":
    case "number":
      return cell
    case "undefined":
      return null
    case "boolean":
      return cell ? 1 : 0
    case "bigint":
      return String(cell)
    default:
      return cell === null ? null : JSON.stringify(toPlain(cell))
  }
}

/** A database in memory for one job. Its limits are the heap and what the tables may hold. */
export const openDatabase = async (wasmPath: string) => {
  const wasm = await readFile(wasmPath)
  const SQL = await initSqlJs({ wasmBinary: new Uint8Array(wasm).buffer })
  const database = new SQL.Database()
  // The library keeps the main database as a file outside the heap that is limited.
  database.run("ATTACH ':memory:' AS runs")
  database.run(`PRAGMA temp_store=MEMORY; PRAGMA hard_heap_limit=${maxHeapBytes}`)
  let allBytes = 0

  const tried = <A>(run: () => A, tables: ReadonlyArray<Table> = []) =>
    Either.try({ try: run, catch: (error) => sqlProblem(error, tables) })
  const attempt = <A>(run: () => A, tables: ReadonlyArray<Table> = []): A => {
    const ran = tried(run, tables)
    if (Either.isLeft(ran)) throw ran.left
    return ran.right
  }

  /** Loads a file as a table. Rejects with Refused beyond a limit, or with Unreadable. */
  const load = async ({ areTypesFound, bytes, fileName, name, seeRow }: Source): Promise<Table> => {
    const names: Array<string> = []
    let rows = 0
    let source: { readonly columns: Columns; readonly types: ColumnTypes } | undefined
    let insert: ReturnType<typeof database.prepare> | undefined
    let width = 0
    /** Rows without a cell, as long as there is no column. */
    let blankRows = 0
    const addColumns = (columns: Columns) => {
      while (names.length < columns.names.length) {
        const given = columns.names[names.length]?.replaceAll("\0", " ") ?? ""
        const lower = new Set([rowNumber, ...names.map((one) => one.toLowerCase())])
        names.push(distinct(given, (one) => lower.has(one.toLowerCase())))
      }
    }
    const table = `runs.${quoted(name)}`
    const prepare = (columns: Columns) => {
      insert?.free()
      addColumns(columns)
      if (width === 0) database.run(`CREATE TABLE ${table} (${names.map(quoted).join(", ")})`)
      else for (const added of names.slice(width)) database.run(`ALTER TABLE ${table} ADD COLUMN ${quoted(added)}`)
      width = names.length
      insert = database.prepare(`INSERT INTO ${table} VALUES (${names.map(() => "?").join(",")})`)
      for (; blankRows > 0; blankRows--) insert.run(names.map(() => null))
      return insert
    }
    let refused: Refused | undefined
    const take = (cells: Cells): boolean => {
      rows += 1
      if (rows > maxTableRows) {
        refused = new Refused({ problem: `The table ${name} has more than ${maxTableRows} rows. ${narrow}` })
        return false
      }
      if (source === undefined) return true
      source.types.see(cells)
      const { columns } = source
      if (columns.names.length === 0) {
        blankRows += 1
        return true
      }
      const inserted = tried(() => {
        const statement = insert === undefined || columns.names.length > width ? prepare(columns) : insert
        const values: Array<Stored> = []
        for (let index = 0; index < width; index++) values.push(stored(cells[index]))
        statement.run(values)
        seeRow?.(values, names)
      })
      // The parsers would take an exception for a fault of the file.
      if (Either.isLeft(inserted)) refused = inserted.left
      return refused === undefined
    }
    const seen = (count: number) => {
      if (count > maxTableBytes) {
        throw new Refused({ problem: `The table ${name} has more than ${maxTableBytes / MiB} MiB. ${narrow}` })
      }
      if (allBytes + count > maxAllBytes) {
        throw new Refused({ problem: `The tables have more than ${maxAllBytes / MiB} MiB in all. ${narrow}` })
      }
    }
    let counted = 0
    database.run("BEGIN")
    const { notes, reader } = await readTable(fileName, bytes, {
      begin: (made: Reader) => {
        source = { columns: made.columns, types: new ColumnTypes(made.isUntyped) }
      },
      take,
      seen: (count) => {
        counted = count
        seen(count)
      }
    })
    if (refused !== undefined) throw refused
    allBytes += counted
    const types = source?.types ?? new ColumnTypes(false)
    if (width === 0 && reader.columns.names.length > 0) prepare(reader.columns)
    if (width === 0) {
      // A file without a column still is a table.
      database.run(`CREATE TABLE ${table} ("value")`)
      names.push("value")
      for (; blankRows > 0; blankRows--) database.run(`INSERT INTO ${table} VALUES (NULL)`)
    }
    insert?.free()
    if (reader.columns.names.length > width && width > 0) prepare(reader.columns).free()
    if (areTypesFound) attempt(() => convert(table, names, types, reader.isUntyped))
    database.run("COMMIT")
    return { name, columns: names, types: names.map((_, index) => types.type(index)), rows, notes }
  }

  /** Makes numbers of the texts of columns that hold nothing else. */
  const convert = (table: string, names: ReadonlyArray<string>, types: ColumnTypes, isUntyped: boolean) => {
    const changes = names.flatMap((name, index) => {
      const type = types.type(index)
      if (type !== "INTEGER" && type !== "REAL") return []
      const column = quoted(name)
      if (isUntyped) return [`${column} = CAST(NULLIF(${column}, '') AS ${type})`]
      return [`${column} = CAST(${column} AS ${type})`]
    })
    // SQLite takes only so many columns in one statement.
    for (let from = 0; from < changes.length; from += 500) {
      database.run(`UPDATE ${table} SET ${changes.slice(from, from + 500).join(", ")}`)
    }
  }

  const collect = (statement: Statement, maxRows: number, maxLength: number): QueryResult => {
    const columns = statement.getColumnNames()
    const types: Array<string | undefined> = columns.map(() => undefined)
    const rows: Array<ReadonlyArray<unknown>> = []
    let length = 0
    let hasMoreRows = false
    while (statement.step()) {
      if (rows.length === maxRows || length > maxResultLength) {
        hasMoreRows = true
        break
      }
      const row = statement.get(null, { useBigInt: true })
      row.forEach((value, index) => {
        const type = typeOf(value)
        const before = types[index]
        if (type !== undefined) types[index] = before === undefined || before === type ? type : "ANY"
      })
      const plain = row.map((value) => shown(value, maxLength))
      for (const value of plain) length += typeof value === "string" ? value.length : 8
      rows.push(plain)
    }
    return { columns, types: types.map((type) => type ?? "NULL"), rows, hasMoreRows }
  }

  /** Runs one statement that only reads. Throws Refused. */
  const query = (sql: string, tables: ReadonlyArray<Table>, maxRows: number, maxLength: number): QueryResult => {
    const word = firstWord(sql)
    if (word !== "SELECT" && word !== "WITH") throw new Refused({ problem: onlySelect })
    database.run("PRAGMA query_only=1")
    return attempt(() => {
      const statements = database.iterateStatements(withNames(sql))
      const first = statements.next()
      if (first.done) throw new Error("there is no statement")
      const result = Either.try({ try: () => collect(first.value, maxRows, maxLength), catch: (error) => error })
      const rest = Either.try({ try: () => statements.next().done, catch: () => false })
      if (Either.isLeft(rest) || !rest.right) throw new Error("attempt to write a readonly database")
      if (Either.isLeft(result)) throw new Error(messageOf(result.left))
      return result.right
    }, tables)
  }

  /** Rows of the worker's own statement. */
  const select = (sql: string, maxRows = 1000, maxLength = MiB): QueryResult =>
    attempt(() => {
      const statement = database.prepare(sql)
      const result = collect(statement, maxRows, maxLength)
      statement.free()
      return result
    })

  /** Calls `see` with each row of the worker's own statement. */
  const each = (sql: string, see: (row: ReadonlyArray<Stored>) => void): void =>
    attempt(() => {
      const statement = database.prepare(sql)
      while (statement.step()) see(statement.get().map((value) => (value instanceof Uint8Array ? null : value)))
      statement.free()
    })

  return {
    load,
    query,
    select,
    each,
    run: (sql: string) => attempt(() => database.run(sql)),
    close: () => database.close()
  }
}

export type Database = Awaited<ReturnType<typeof openDatabase>>
