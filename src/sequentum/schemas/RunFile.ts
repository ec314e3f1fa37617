import * as Schema from "effect/Schema"
import { FileId, maybe, Num, Timestamp, wireEnum } from "./common.ts"
import { Name } from "./text.ts"

export const FileType = wireEnum({
  1: "DeliveredFile",
  2: "ExtractedFiles",
  3: "InternalExportFiles",
  4: "InternalRuntimeFiles",
  5: "InternalTrackingDb",
  6: "LogText",
  7: "LogHtml",
  8: "InternalContentCache"
})

/** A file that a run produced; `fileSize` in bytes. */
export const RunFile = Schema.Struct({
  id: FileId,
  name: maybe(Name),
  fileType: maybe(FileType),
  fileSize: maybe(Num),
  created: maybe(Timestamp)
})
export type RunFile = typeof RunFile.Type
