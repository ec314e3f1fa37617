import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { cleanDetail, readErrorBody } from "../../src/sequentum/client/errorBody.ts"
import { cleanName } from "../../src/sequentum/schemas/text.ts"

/** A key or token: no spaces, and too long to be a word. */
const secret = FastCheck.oneof(
  FastCheck.stringMatching(/^sk-[A-Za-z0-9_-]{8,40}$/u),
  FastCheck.stringMatching(/^eyJ[A-Za-z0-9_-]{8,30}\.[A-Za-z0-9_-]{8,30}\.[A-Za-z0-9_-]{8,30}$/u),
  FastCheck.stringMatching(/^[!-~]{12,60}$/u)
)

/** Text around a secret that may hide it from a search. */
const surroundings = FastCheck.oneof(
  FastCheck.string({ maxLength: 40 }),
  FastCheck.string({ unit: "binary", maxLength: 20 }),
  FastCheck.constantFrom(
    ..."< > <b> </b> <!-- --> <script> &lt; \r\n \u0000 \u200b \u202e \u2028 ApiKey Bearer authorization: { } \" $& $1 $' …".split(
      " "
    ),
    ...["\n   at Foo.Bar(", " at Foo.Bar() in C:\\x.cs:line 3", "x".repeat(290), "x".repeat(299), " ".repeat(400)]
  )
)

/** Text with the secret in it a few times. */
const echo = secret.chain((known) =>
  FastCheck.record({
    known: FastCheck.constant(known),
    text: FastCheck.array(FastCheck.oneof(surroundings, FastCheck.constant(known)), { maxLength: 8 }).map((parts) =>
      parts.join("")
    )
  })
)

const runs = { fastCheck: { numRuns: 2000 } }

/** One short line without markup, control characters and the secret. */
const isClean = (shown: string, known: string) => {
  assert.notInclude(shown, known)
  assert.notMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u)
  // Whatever is invisible is out, except what letters need.
  assert.strictEqual(cleanName(shown), shown)
  assert.notMatch(shown, /<[^>]*>/u)
  assert.notMatch(shown, /^\s|\s$/u)
  assert.isAbove(shown.length, 0)
  assert.isAtMost(shown.length, 300)
}

describe("a shown detail", () => {
  it.prop(
    "never holds the caller's key or token, markup or control characters",
    [echo],
    ([{ known, text }]) => {
      const shown = cleanDetail(text, known)
      if (shown !== undefined) isClean(shown, known)
    },
    runs
  )

  it.prop(
    "never holds them when it comes from an error body",
    [echo, FastCheck.constantFrom("message", "detail", "title", "statusDescription")],
    ([{ known, text }, field]) => {
      const { detail } = readErrorBody(JSON.stringify({ [field]: text }), known)
      if (detail !== undefined) isClean(detail, known)
    },
    runs
  )

  it.prop(
    "never holds another key or token",
    [
      secret.filter((text) => /^(?:sk-|eyJ)/u.test(text)),
      FastCheck.constantFrom("", "Key ", "<b>", "Bearer ", '"', "(")
    ],
    ([other, before]) => {
      assert.notInclude(cleanDetail(`${before}${other} is wrong`, "sk-of-the-caller") ?? "", other)
    }
  )

  it.prop(
    "keeps harmless text unchanged",
    [FastCheck.stringMatching(/^[a-z]{1,12}(?: [a-z0-9]{1,12}){0,12}[.!?]$/u)],
    ([text]) => {
      FastCheck.pre(!/\bat\b|bearer|apikey/u.test(text))
      assert.strictEqual(cleanDetail(text, "sk-of-the-caller"), text)
    }
  )
})
