import * as Schema from "effect/Schema"
import { Int, maybe, Timestamp } from "./common.ts"

/** One saved version of an agent; `fileSize` in bytes. */
export const Version = Schema.Struct({
  version: Int,
  userName: maybe(Schema.String),
  created: maybe(Timestamp),
  comments: maybe(Schema.String),
  fileSize: maybe(Schema.Number)
})
export type Version = typeof Version.Type
