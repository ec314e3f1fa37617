import * as Schema from "effect/Schema"
import { Int, maybe, Num, Timestamp } from "./common.ts"

/** One saved version of an agent; `fileSize` in bytes. */
export const Version = Schema.Struct({
  version: Int,
  userName: maybe(Schema.String),
  created: maybe(Timestamp),
  comments: maybe(Schema.String),
  fileSize: maybe(Num)
})
export type Version = typeof Version.Type
