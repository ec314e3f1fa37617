import * as FastCheck from "effect/FastCheck"
import * as Predicate from "effect/Predicate"

/** One change to a JSON value: how to walk to the place, and what to do there. */
interface Edit {
  readonly walk: ReadonlyArray<number>
  readonly change: "replace" | "remove" | "add" | "repeat"
  readonly key: string
  readonly value: unknown
}

/** Values that are often sent by mistake, and anything else that JSON can hold. */
const nearMiss: FastCheck.Arbitrary<unknown> = FastCheck.oneof(
  FastCheck.constantFrom<unknown>(
    ...[null, true, false, "", " ", "7", "NaN", "\ud800", "..", "__proto__", [], {}, [null], [[]], [{}]],
    ...[0, -0, -1, 1, 2, 7, 13, 60, 1.5, 1e21, 2 ** 31, 2 ** 53, -(2 ** 53)],
    ...["asc", "2026-02-30", "2026-03-01T06:00:00Z", '{"a":1}', "[]", "0 2 * * *", "Failed", "a".repeat(2000)]
  ),
  FastCheck.jsonValue({ maxDepth: 2 })
)

const edit: FastCheck.Arbitrary<Edit> = FastCheck.record({
  walk: FastCheck.array(FastCheck.nat({ max: 40 }), { maxLength: 4 }),
  change: FastCheck.constantFrom("replace", "remove", "add", "repeat"),
  key: FastCheck.constantFrom("id", "status", "surprise", "constructor", "toString", "hasOwnProperty", ""),
  value: nearMiss
})

/** Marks a value to remove from its container. */
const removed = Symbol("removed")

const isList: (value: unknown) => value is ReadonlyArray<unknown> = Array.isArray

const applyHere = (json: unknown, { change, key, value }: Edit): unknown => {
  switch (change) {
    case "replace":
      return value
    case "remove":
      return removed
    case "add":
      if (isList(json)) return [...json, value]
      return Predicate.isRecord(json) ? { ...json, [key]: value } : value
    case "repeat":
      return isList(json) ? [...json, ...json] : [json, json]
  }
}

const applyEdit = (json: unknown, edit: Edit): unknown => {
  const [step, ...walk] = edit.walk
  if (step === undefined) return applyHere(json, edit)
  if (isList(json) && json.length > 0) {
    return json.flatMap((item, index) => {
      if (index !== step % json.length) return [item]
      const changed = applyEdit(item, { ...edit, walk })
      return changed === removed ? [] : [changed]
    })
  }
  if (Predicate.isRecord(json)) {
    const keys = Object.keys(json)
    const chosen = keys[step % keys.length]
    return Object.fromEntries(
      Object.entries(json).flatMap(([key, item]) => {
        if (key !== chosen) return [[key, item] as const]
        const changed = applyEdit(item, { ...edit, walk })
        return changed === removed ? [] : [[key, changed] as const]
      })
    )
  }
  return applyHere(json, edit)
}

export type Mutate = (json: unknown) => unknown

/** Spoils any JSON in a few places and keeps the rest. */
const mutation: FastCheck.Arbitrary<Mutate> = FastCheck.array(edit, { maxLength: 3 }).map(
  (edits) => (json: unknown) =>
    edits.reduce((changed, edit) => {
      const next = applyEdit(changed, edit)
      return next === removed ? null : next
    }, json)
)

/** Turns a valid JSON value into one that is near it, the same, or anything at all. */
export const spoiling: FastCheck.Arbitrary<Mutate> = FastCheck.oneof(
  { weight: 4, arbitrary: mutation },
  { weight: 1, arbitrary: nearMiss.map((value) => () => value) }
)

/** Many values a run: resetting a test costs more than most of its checks. */
export const many = <A>(arbitrary: FastCheck.Arbitrary<A>): FastCheck.Arbitrary<ReadonlyArray<A>> =>
  FastCheck.array(arbitrary, { minLength: 1, maxLength: 20, size: "max" })
