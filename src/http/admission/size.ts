import type { Size } from "../../runtime/jsonSize.ts"

/** What the message of a call may be at most: room for a long prompt. */
export const maxCallSize: Size = { bytes: 1024 * 1024, values: 10_000, depth: 16 }

/** The same of every other message. */
export const maxOtherSize: Size = { bytes: 64 * 1024, values: 2000, depth: 16 }

export const maxSize = (method: unknown): Size => (method === "tools/call" ? maxCallSize : maxOtherSize)
