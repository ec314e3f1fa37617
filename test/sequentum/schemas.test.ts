import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { ConfigType } from "../../src/sequentum/schemas/Agent.ts"
import { Int, maybe } from "../../src/sequentum/schemas/common.ts"
import { RunStatus } from "../../src/sequentum/schemas/Run.ts"
import { RunEveryPeriod, ScheduleType } from "../../src/sequentum/schemas/Schedule.ts"

describe("an enumeration", () => {
  it("lists its words in the order of their codes", () => {
    assert.deepStrictEqual(ScheduleType.words, ["None", "RunOnce", "RunEvery", "CRON"])
    assert.deepStrictEqual(RunEveryPeriod.words, ["minutes", "hours", "days", "weeks", "months"])
    assert.deepStrictEqual(ConfigType.words, ["Agent", "SharedFile", "Template", "Command"])
    assert.strictEqual(RunStatus.words.length, 13)
  })

  it("knows the code of each word", () => {
    assert.strictEqual(ScheduleType.codeOf("CRON"), 3)
    assert.strictEqual(RunEveryPeriod.codeOf("months"), 5)
    assert.strictEqual(RunStatus.codeOf("Invalid"), 0)
    assert.strictEqual(RunStatus.codeOf("Unknown(13)"), 13)
  })

  it.prop("encodes what it decoded", [FastCheck.oneof(FastCheck.maxSafeInteger(), FastCheck.nat(20))], ([code]) => {
    assert.strictEqual(RunStatus.codeOf(Schema.decodeSync(RunStatus)(code)), code)
  })

  it("refuses what is neither a word nor an integer", () => {
    for (const value of ["ten", "1.5", "", 1.5, 2 ** 53, null]) {
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(RunStatus)(value)), String(value))
    }
    for (const value of ["Finished", "Unknown(x)", "Unknown(1.5)", 10]) {
      assert.isTrue(Either.isLeft(Schema.encodeUnknownEither(RunStatus)(value)), String(value))
    }
  })
})

describe("a field that may be absent", () => {
  const Row = Schema.Struct({ count: maybe(Int), status: maybe(RunStatus) })

  it("decodes null to undefined", () => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(Row)({ count: null }), { count: undefined })
    assert.deepStrictEqual(Schema.decodeUnknownSync(Row)({ count: 3, status: 10 }), { count: 3, status: "Success" })
  })

  it("encodes undefined and words", () => {
    assert.deepStrictEqual(Schema.encodeSync(Row)({ count: undefined, status: "Success" }), {
      count: undefined,
      status: 10
    })
  })

  it("refuses a value of another type", () => {
    assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Row)({ count: "three" })))
  })
})
