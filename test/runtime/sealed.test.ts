import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { keyBytes, makeSealing } from "../../src/runtime/sealed.ts"

const State = Schema.Struct({ name: Schema.String, at: Schema.Int })
const state = { name: "Ä \u{1f600} \u0000", at: 1_700_000_000 }

const keyOf = (byte: number) => Option.some(Redacted.make(new Uint8Array(keyBytes).fill(byte)))
const sealed = (byte: number, purpose = "test") => makeSealing(keyOf(byte))(purpose, State)

describe("a sealed state", () => {
  it("is opened by every process with the same key", () => {
    const text = sealed(1).seal(state)
    assert.deepStrictEqual(sealed(1).open(text), Option.some(state))
    assert.match(text, /^[\w-]+$/u)
  })

  it("is another text each time, in which nothing can be read", () => {
    const [first, second] = [sealed(1).seal({ ...state, name: "secret" }), sealed(1).seal({ ...state, name: "secret" })]
    assert.notStrictEqual(first, second)
    assert.notInclude(Buffer.from(first, "base64url").toString("latin1"), "secret")
  })

  it("is not opened with another key, nor for another purpose", () => {
    const text = sealed(1).seal(state)
    assert.isTrue(Option.isNone(sealed(2).open(text)))
    assert.isTrue(Option.isNone(sealed(1, "other").open(text)))
  })

  it("is not opened once a single bit has changed, or a byte is missing", () => {
    const { open, seal } = sealed(1)
    const bytes = Buffer.from(seal(state), "base64url")
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      assert.isTrue(Option.isNone(open(changed.toString("base64url"))), String(index))
      assert.isTrue(Option.isNone(open(bytes.subarray(0, index).toString("base64url"))), `cut at ${index}`)
    }
  })

  it("is never made by garbage", () => {
    const { open } = sealed(1)
    for (const text of ["", "a", "*", "../..", "__proto__", "A".repeat(38), "A".repeat(100_000), "\u0000", "ü"]) {
      assert.isTrue(Option.isNone(open(text)), text.slice(0, 20))
    }
  })

  it("is opened in the one spelling that was given out", () => {
    const { open, seal } = sealed(1)
    const text = seal(state)
    for (const spelling of [`${text}=`, ` ${text}`, `${text}\n`, `${text.slice(0, 5)}.${text.slice(5)}`, `${text}A`]) {
      assert.isTrue(Option.isNone(open(spelling)), JSON.stringify(spelling))
    }
  })

  it("is decoded: another shape under the same key is not opened", () => {
    const text = makeSealing(keyOf(1))("test", Schema.Struct({ name: Schema.String })).seal({ name: "a" })
    assert.isTrue(Option.isNone(sealed(1).open(text)))
  })

  it("is opened in the same process where no key is set, and in no other", () => {
    const [one, other] = [makeSealing(Option.none())("test", State), makeSealing(Option.none())("test", State)]
    const text = one.seal(state)
    assert.deepStrictEqual(one.open(text), Option.some(state))
    assert.isTrue(Option.isNone(other.open(text)))
  })
})
