import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { isWithin, sizeOf } from "../runtime/jsonSize.ts"

/** The bounds of JSON that is the text of an argument: as of a whole message, which does not count inside texts. */
export const maxJsonText = { bytes: Number.POSITIVE_INFINITY, values: 10_000, depth: 16 }

export const isWithinBounds = (text: string): boolean => isWithin(sizeOf(Buffer.from(text)), maxJsonText)

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** The value of JSON text; none if it is not JSON, or past its bounds. */
export const parseJsonText = (text: string): Option.Option<unknown> =>
  isWithinBounds(text) ? parse(text) : Option.none()

/** The object of JSON text; none if it is of something else. */
export const parseJsonObject = (text: string): Option.Option<Readonly<Record<string, unknown>>> =>
  Option.filter(parseJsonText(text), Predicate.isReadonlyRecord)
