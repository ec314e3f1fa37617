import { assert, describe, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { DataWorkers } from "../../src/data/DataWorkers.ts"
import { dataLayer } from "../support/data.ts"

type Row = ReadonlyArray<string>

const csv = (columns: Row, rows: ReadonlyArray<Row>) =>
  new TextEncoder().encode(
    `${[columns, ...rows].map((cells) => cells.map((cell) => `"${cell}"`).join(",")).join("\n")}\n`
  )

const compare = (older: Uint8Array, newer: Uint8Array, key?: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { run } = yield* DataWorkers
    const answer = yield* run(
      { kind: "compare", fileNames: ["a.csv", "b.csv"], key, maxRows: 100, maxBytes: 1_000_000 },
      [Stream.make(older), Stream.make(newer)],
      { limit: Duration.seconds(30) }
    )
    return answer.kind === "compare" ? answer : assert.fail(answer.kind)
  })

const isUnique = (values: ReadonlyArray<string>) => new Set(values).size === values.length && !values.includes("")

/** What a person with pencil and paper would find. */
const expected = (columns: Row, older: ReadonlyArray<Row>, newer: ReadonlyArray<Row>, key: ReadonlyArray<string>) => {
  const places = key.map((name) => columns.indexOf(name))
  const keyOf = (row: Row) => JSON.stringify(places.map((place) => row[place]))
  if (key.length === 0) {
    const left = (rows: ReadonlyArray<Row>, others: ReadonlyArray<Row>) => {
      const counts = new Map<string, number>()
      for (const row of others) counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) + 1)
      return rows.filter((row) => {
        const count = counts.get(JSON.stringify(row)) ?? 0
        counts.set(JSON.stringify(row), count - 1)
        return count <= 0
      })
    }
    const sorted = (rows: ReadonlyArray<Row>) => rows.map((row) => JSON.stringify(row)).sort()
    return { added: sorted(left(newer, older)), removed: sorted(left(older, newer)), changes: [] }
  }
  const find = (rows: ReadonlyArray<Row>, row: Row) => rows.find((one) => keyOf(one) === keyOf(row))
  const lacking = (rows: ReadonlyArray<Row>, others: ReadonlyArray<Row>) =>
    rows.filter((row) => find(others, row) === undefined).map((row) => JSON.stringify(row))
  return {
    added: lacking(newer, older).sort(),
    removed: lacking(older, newer).sort(),
    changes: newer.flatMap((row) => {
      const old = find(older, row)
      return old === undefined
        ? []
        : columns.flatMap((name, place) =>
            old[place] === row[place] ? [] : [[...places.map((one) => row[one]), name, old[place], row[place]]]
          )
    })
  }
}

const columns = ["a", "b", "id"]
const cell = FastCheck.constantFrom("", "0", "00", "x", "X", "é", "1", "2", "3", "4", "5", "6", "7", "8", "9")
const rows = FastCheck.array(FastCheck.tuple(cell, cell, cell), { maxLength: 8 })

describe("any two tables", () => {
  layer(dataLayer)((it) => {
    it.effect.prop(
      "are compared as one would by hand",
      [rows, rows, FastCheck.boolean()],
      ([older, newer, hasKey]) =>
        Effect.gen(function* () {
          const pairsAreUnique = [older, newer].every(
            (all) => new Set(all.map((row) => JSON.stringify(row.slice(0, 2)))).size === all.length
          )
          const given = hasKey && pairsAreUnique ? ["a", "b"] : undefined
          const answer = yield* compare(csv(columns, older), csv(columns, newer), given)
          const candidates = columns.filter((_, place) =>
            [older, newer].every((all) => isUnique(all.map((row) => row[place] ?? "")))
          )
          if (given === undefined) {
            const shared = (name = "") => {
              const values = older.map((row) => row[columns.indexOf(name)])
              return newer.filter((row) => values.includes(row[columns.indexOf(name)])).length
            }
            const most = Math.max(...candidates.map(shared))
            if (candidates.length === 0) assert.deepStrictEqual(answer.key, [])
            else {
              assert.include(candidates, answer.key[0])
              assert.strictEqual(shared(answer.key[0]), most)
            }
          } else assert.deepStrictEqual(answer.key, given)
          const { added, changes, removed } = expected(columns, older, newer, answer.key)
          const found = (all: ReadonlyArray<unknown>) => all.map((row) => JSON.stringify(row)).sort()
          assert.deepStrictEqual(found(answer.addedRows), added)
          assert.deepStrictEqual(found(answer.removedRows), removed)
          assert.deepStrictEqual(answer.changes, changes)
          assert.deepStrictEqual(
            [answer.added, answer.removed, answer.changed],
            [
              added.length,
              removed.length,
              new Set(changes.map((one) => JSON.stringify(one.slice(0, answer.key.length)))).size
            ]
          )
        }),
      { fastCheck: { numRuns: 120 } }
    )

    it.effect("of 1000 columns are compared", () =>
      Effect.gen(function* () {
        const wide = Array.from({ length: 1000 }, (_, column) => `c${column}`)
        const row = (id: string, last: string) => [id, ...Array.from({ length: 998 }, () => "same"), last]
        const answer = yield* compare(
          csv(wide, [row("1", "x"), row("2", "x")]),
          csv(wide, [row("2", "y"), row("1", "x")])
        )
        assert.deepStrictEqual(answer.key, ["c0"])
        assert.deepStrictEqual(answer.changes, [["2", "c999", "x", "y"]])
      })
    )

    it.effect("find texts that differ only at their end", () =>
      Effect.gen(function* () {
        const long = "x".repeat(1_200_000)
        const answer = yield* compare(
          csv(["id", "page"], [["1", `${long}a`]]),
          csv(["id", "page"], [["1", `${long}b`]])
        )
        assert.strictEqual(answer.changed, 1)
        assert.strictEqual(answer.changes.length, 1)
        assert.include(answer.notes, "Long texts are cut.")
      })
    )
  })
})
