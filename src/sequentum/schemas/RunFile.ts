import * as Schema from "effect/Schema"
import { FileId, maybe, maybeNumber, maybeText, maybeTimestamp, wireEnum } from "./common.ts"

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

/** A file that a run left behind; `fileSize` in bytes. */
export const RunFile = Schema.Struct({
  id: FileId,
  name: maybeText,
  fileType: maybe(FileType),
  fileSize: maybeNumber,
  created: maybeTimestamp
})
export type RunFile = typeof RunFile.Type
