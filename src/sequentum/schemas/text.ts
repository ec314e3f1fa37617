import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Declaration, ParseOptions } from "effect/SchemaAST"

/**
 * What may be invisible, or act on the text around it: control, format and tag characters, bidi controls, zero-width
 * characters, variation selectors, fillers, lone surrogates and noncharacters. Most texts have none of them.
 */
const suspicious =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Variation_Selector}]/u

/** The same, but a line feed and a tab alone are no reason to look closer. */
const suspiciousInLines = new RegExp(suspicious.source.replace("\\p{Cc}", "\\x00-\\x08\\v-\\x1f\\x7f-\\x9f"), "u")

/**
 * Scripts whose letters change shape beside a joiner. Source: Unicode Standard, chapter 23.2 (joiners), and the chapters
 * of these scripts.
 */
const joining = [
  "Arabic",
  "Syriac",
  "Nko",
  "Mandaic",
  "Mongolian",
  "Phags_Pa",
  "Adlam",
  "Hanifi_Rohingya",
  "Manichaean",
  "Sogdian",
  "Devanagari",
  "Bengali",
  "Gurmukhi",
  "Gujarati",
  "Oriya",
  "Tamil",
  "Telugu",
  "Kannada",
  "Malayalam",
  "Sinhala",
  "Khmer",
  "Myanmar",
  "Tibetan",
  "Balinese",
  "Javanese",
  "Newa",
  "Grantha",
  "Tirhuta",
  "Sharada",
  "Brahmi",
  "Kaithi"
]
  .map((script) => `\\p{Script=${script}}`)
  .join("")

/** What is kept of the suspicious characters, since real text needs it, and after which base. One for each base. */
const kept = [
  // Signs that enclose a number are visible.
  "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]",
  // Joiners inside words of these scripts, and selectors of Mongolian.
  `(?<=(?=[\\p{L}\\p{M}])[${joining}])[\u200c\u200d]`,
  "(?<=(?=\\p{L})\\p{Script=Mongolian})[\u180b-\u180d\u180f]",
  // Joiners and selectors inside emoji.
  "(?<=\\p{Extended_Pictographic}(?:\ufe0f|\\p{Emoji_Modifier})?)\u200d(?=\\p{Extended_Pictographic})",
  "(?<=[\\p{Emoji}\\p{Script=Myanmar}])[\ufe00\ufe0e\ufe0f]",
  // Forms of a Chinese character.
  "(?<=\\p{Script=Han})[\ufe00-\ufe02\u{e0100}-\u{e01ef}]",
  // Fillers of old Korean.
  "\u115f(?=[\u1160-\u11ff])|(?<=[\u1100-\u115f])\u1160"
].join("|")

const separators = "\\r\\n|[\\n\\v\\f\\r\\x85\\u2028\\u2029]"

/** Finds what to keep (first group), what to replace (second group) and what to remove. */
const cleaner = (replaced: string, alsoKept = "(?!)") =>
  new RegExp(`(${kept}|${alsoKept})|(${replaced})|${suspicious.source}`, "gu")

const nameCleaner = cleaner(`${separators}|\\t`)
const lineCleaner = cleaner(separators, "\\t")

const cleanBy = (regExp: RegExp, replacement: string) => (text: string) =>
  text.replace(regExp, (_, keep: string | undefined, replaced: string | undefined) =>
    keep === undefined ? (replaced === undefined ? "" : replacement) : keep
  )

const toName = cleanBy(nameCleaner, " ")
const toLines = cleanBy(lineCleaner, "\n")

/** A text of others on one line: line breaks and tabs become spaces, what is invisible goes. Letters stay. */
export const cleanName = (text: string): string => (suspicious.test(text) ? toName(text) : text)

/** A text of others that may have lines and tabs. What is invisible goes, letters stay. */
export const cleanLines = (text: string): string => (suspiciousInLines.test(text) ? toLines(text) : text)

const mapTexts =
  (clean: (text: string) => string, cleanKey: (key: string) => string) =>
  (value: unknown): unknown => {
    const map = (item: unknown): unknown => {
      if (typeof item === "string") return clean(item)
      if (Array.isArray(item)) return item.map(map)
      return Predicate.isRecord(item)
        ? Object.fromEntries(Object.entries(item).map(([key, inner]) => [cleanKey(key), map(inner)]))
        : item
    }
    return map(value)
  }

/** JSON of others, with every text in it cleaned by `cleanLines`, and every key by `cleanName`. */
export const cleanJson = mapTexts(cleanLines, cleanName)

const withoutControls = (text: string) => text.replace(/[\x00-\x08\v\f\x0e-\x1f\x7f-\x9f]/gu, "")

/** Data of a run, as it was scraped, without control characters. */
export const cleanData = mapTexts(withoutControls, withoutControls)

/** A text that is cleaned as it is decoded. */
export const cleaned = (identifier: string, clean: (text: string) => string) => {
  const parse = (input: unknown, _: ParseOptions, ast: Declaration) =>
    typeof input === "string" ? ParseResult.succeed(clean(input)) : ParseResult.fail(new ParseResult.Type(ast, input))
  return Schema.declare<string, string, readonly []>([], { decode: () => parse, encode: () => parse }, { identifier })
}

/** A name, or another text of others on one line, cleaned by `cleanName`. */
export const Name = cleaned("Name", cleanName)

/** A message, or another text of others that may have lines, cleaned by `cleanLines`. */
export const Lines = cleaned("Lines", cleanLines)

/** A word of the API, such as the state of a build. Anything else decodes to "unknown", since words enter sentences. */
export const Word = cleaned("Word", (text) => (/^[a-z][\w-]{0,39}$/iu.test(text) ? text : "unknown"))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => Predicate.isRecord(value)

/** An object of others, cleaned by `cleanJson`. */
export const JsonObject = Schema.declare<
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>,
  readonly []
>(
  [],
  {
    decode: () => (input, _, ast) => {
      const clean = cleanJson(input)
      return isObject(clean) ? ParseResult.succeed(clean) : ParseResult.fail(new ParseResult.Type(ast, input))
    },
    encode: () => (input, _, ast) =>
      isObject(input) ? ParseResult.succeed(input) : ParseResult.fail(new ParseResult.Type(ast, input))
  },
  { identifier: "JsonObject" }
)
