import type { Moment } from "./faults.ts"
import { faults } from "./faults.ts"

/** What happens to one request: a fault, or nothing. */
export type Move = "pass" | { readonly fault: string; readonly moment: Moment }

/** What happens to the requests of one call. */
export interface Plan {
  /** Which requests count: those that change something, those that don't, or all. */
  readonly on: "write" | "read" | "any"
  /** How many of them pass first. */
  readonly skip: number
  readonly moves: readonly [Move, ...ReadonlyArray<Move>]
  /** Whether the last move is repeated. Otherwise every later request passes. */
  readonly repeats: boolean
}

const moveText = (move: Move) => (move === "pass" ? move : `${move.fault}.${move.moment}`)

/** A plan as text, such as `write+1:502-page.before,404-page.before*`; a star repeats the last move. */
export const planText = ({ moves, on, repeats, skip }: Plan) =>
  `${on}${skip === 0 ? "" : `+${skip}`}:${moves.map(moveText).join(",")}${repeats ? "*" : ""}`

const parseMove = (text: string): Move | undefined => {
  if (text === "pass") return "pass"
  const [fault = "", moment] = text.split(".")
  return faults[fault] !== undefined && (moment === "before" || moment === "after") ? { fault, moment } : undefined
}

/** Reads what `planText` writes; undefined if it is no plan. */
export const parsePlan = (text: string): Plan | undefined => {
  const match = /^(write|read|any)(?:\+(\d+))?:([^*]+)(\*?)$/u.exec(text)
  const [, on, skip = "0", list = "", star] = match ?? []
  const [first, ...rest] = list.split(",").map(parseMove)
  const known = rest.filter((move) => move !== undefined)
  return (on === "write" || on === "read" || on === "any") && first !== undefined && known.length === rest.length
    ? { on, skip: Number(skip), moves: [first, ...known], repeats: star === "*" }
    : undefined
}

/** The move for the next request that counts, of which `before` came before it. */
export const moveAt = ({ moves, repeats, skip }: Plan, before: number): Move => {
  const index = before - skip
  if (index < 0) return "pass"
  return moves[index] ?? (repeats ? (moves.at(-1) ?? "pass") : "pass")
}

/** Whether nothing listens when the request would come. */
export const isUnreachable = (move: Move) => move !== "pass" && move.fault === "unreachable"

/** Whether a plan applies to a request. */
export const counts = ({ on }: Plan, method: string) => on === "any" || (on === "read") === (method === "GET")
