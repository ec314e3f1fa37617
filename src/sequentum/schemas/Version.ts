import * as Schema from "effect/Schema"
import { Int, maybeNumber, maybeText, maybeTimestamp } from "./common.ts"

/** One saved version of an agent; `fileSize` in bytes. */
export const Version = Schema.Struct({
  version: Int,
  userName: maybeText,
  created: maybeTimestamp,
  comments: maybeText,
  fileSize: maybeNumber
})
export type Version = typeof Version.Type
