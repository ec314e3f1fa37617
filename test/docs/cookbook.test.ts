import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { allPrompts } from "../../src/prompts/prompts.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { overSandbox } from "../support/sandbox.ts"
import { whileTimePasses } from "../support/time.ts"

const cookbook = readFileSync(new URL("../../docs/cookbook.md", import.meta.url), "utf8")

const Call = Schema.Struct({
  name: Schema.String,
  arguments: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})
const readCall = Schema.decodeUnknownSync(Schema.parseJson(Call))
const readJson = Schema.decodeUnknownSync(Schema.parseJson())

const recipes = cookbook
  .split(/^## /mu)
  .slice(1)
  .map((text) => ({
    title: text.split("\n", 1)[0] ?? "",
    blocks: [...text.matchAll(/```json (call|result)\n([\s\S]*?)\n```/gu)].map(([, kind, json = ""]) => ({
      kind,
      json
    }))
  }))

/** Placeholder for any text or for the rest of a list. */
const rest = "…"

/** Ids on the page, by key and value, and their values in this sandbox. */
type Ids = Map<string, unknown>

const isId = (key: string) => key.endsWith("Id")

/** Differences between a result and what the page shows of it. Adds the ids that it meets. */
const departures = (shown: unknown, came: unknown, ids: Ids, at = "result"): ReadonlyArray<string> => {
  if (shown === rest) return []
  if (Array.isArray(shown) && Array.isArray(came)) {
    const open = shown.at(-1) === rest
    const items: ReadonlyArray<unknown> = open ? shown.slice(0, -1) : shown
    const length = open || items.length === came.length ? [] : [`${at} has ${came.length} items, not ${items.length}`]
    return [...length, ...items.flatMap((item, index) => departures(item, came[index], ids, `${at}[${index}]`))]
  }
  if (Predicate.isRecord(shown) && Predicate.isRecord(came)) {
    return Object.entries(shown).flatMap(([key, value]) => {
      if (!isId(key)) return departures(value, came[key], ids, `${at}.${key}`)
      const known = ids.get(`${key} ${String(value)}`)
      if (known === undefined) ids.set(`${key} ${String(value)}`, came[key])
      const wanted = known ?? came[key]
      return wanted === came[key] && typeof value === typeof came[key] ? [] : [`${at}.${key} is another`]
    })
  }
  return shown === came ? [] : [`${at} is ${JSON.stringify(came)}, not ${JSON.stringify(shown)}`]
}

describe("the cookbook", () => {
  it("has fifteen recipes, each with calls and their results", () => {
    assert.strictEqual(recipes.length, 15)
    for (const { blocks, title } of recipes) {
      assert.isAtLeast(blocks.length, 4, title)
      blocks.forEach(({ kind }, index) => assert.strictEqual(kind, index % 2 === 0 ? "call" : "result", title))
    }
  })

  it("names only existing tools and prompts", () => {
    const tools = new Set<string>(allTools.map(({ name }) => name))
    const prompts = new Set(allPrompts.map(({ name }) => name))
    for (const [, word = ""] of cookbook.matchAll(/`([a-z]+(?:_[a-z]+)+)`/gu)) assert.isTrue(tools.has(word), word)
    for (const [, word = ""] of cookbook.matchAll(/`([a-z]+(?:-[a-z]+)+)`/gu)) assert.isTrue(prompts.has(word), word)
  })

  for (const { blocks, title } of recipes) {
    it.scoped(title, () =>
      Effect.gen(function* () {
        const { call } = yield* overSandbox()
        const ids: Ids = new Map()
        for (let index = 0; index < blocks.length; index += 2) {
          const { arguments: args, name } = readCall(blocks[index]?.json)
          const asked = Object.fromEntries(
            Object.entries(args).map(([key, value]) => [key, ids.get(`${key} ${String(value)}`) ?? value])
          )
          const outcome = yield* whileTimePasses(Effect.either(call(name, asked)))
          assert.isTrue(Either.isRight(outcome), `${name} ${JSON.stringify(asked)}`)
          const result = Either.getOrElse(outcome, () => undefined)
          assert.deepStrictEqual(departures(readJson(blocks[index + 1]?.json), result, ids), [], name)
        }
      })
    )
  }
})
