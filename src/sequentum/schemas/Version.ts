import * as Schema from "effect/Schema"
import { Int, maybe, Num, Timestamp } from "./common.ts"
import { Lines, Name } from "./text.ts"

/** One saved version of an agent; `fileSize` in bytes. */
export const Version = Schema.Struct({
  version: Int,
  userName: maybe(Name),
  created: maybe(Timestamp),
  comments: maybe(Lines),
  fileSize: maybe(Num)
})
export type Version = typeof Version.Type
