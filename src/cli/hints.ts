import type { ToolAnnotations } from "../tools/Tool.ts"

/** What a tool does to an account, in a few words. */
export const hintWords = (hints: ToolAnnotations): string =>
  hints.readOnlyHint
    ? "read-only"
    : [
        hints.destructiveHint ? "destructive" : "writes",
        ...(hints.openWorldHint ? ["open world"] : []),
        ...(hints.idempotentHint === true ? ["idempotent"] : [])
      ].join(", ")
