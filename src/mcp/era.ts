/** A protocol revision's rules: legacy is 2025-11-25 and older, modern is 2026-07-28. */
export type Era = "legacy" | "modern"
