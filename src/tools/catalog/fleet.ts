import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Credentials } from "../../sequentum/Credentials.ts"
import type { Agents } from "../../sequentum/Agents.ts"
import { inBrief, type SequentumError } from "../../sequentum/errors.ts"
import type { Agent } from "../../sequentum/schemas/Agent.ts"
import type { SpaceId } from "../../sequentum/schemas/common.ts"
import { Sparing } from "../../sequentum/Sparing.ts"
import { joinRows, noticeOf, pagination, sentRows, unreadable } from "../outputs.ts"

const pageSize = 100

/** More agents than that are not read for one question. */
const maxPages = 20

export interface Fleet {
  readonly agents: ReadonlyArray<Agent>
  /** Says what the list lacks. */
  readonly notice?: string
}

/**
 * All agents, or those of a space, with the ones that were active last first; pages beyond the one that `isEnough` are
 * not read. Fails if the first page does.
 */
export const listFleet = (
  list: Agents["list"],
  spaceId: SpaceId | undefined,
  isEnough: (page: ReadonlyArray<Agent>) => boolean = () => false
): Effect.Effect<Fleet, SequentumError, Credentials> =>
  Effect.gen(function* () {
    const read = (pageIndex: number) =>
      list({ pageIndex, recordsPerPage: pageSize, sortColumn: "lastActivity", sortOrder: 1, spaceId })
    const first = yield* read(1)
    const pages = [first.agents]
    const total = first.totalRecordCount
    let last = first.agents
    let problem: string | undefined
    for (let pageIndex = 1; !isEnough(last); pageIndex += 1) {
      const page = { pageIndex, recordsPerPage: pageSize }
      if (sentRows(last) === 0 || !pagination(page, sentRows(last), total).hasMore) break
      if (pageIndex === maxPages) {
        problem = `Only the ${maxPages * pageSize} agents that were active last were looked at.`
        break
      }
      const next = yield* Effect.either(Effect.provideService(read(pageIndex + 1), Sparing, true))
      if (Either.isLeft(next)) {
        problem = `Only ${pageIndex * pageSize} of ${total ?? "the"} agents could be listed. ${inBrief(next.left)}`
        break
      }
      last = next.right.agents
      pages.push(last)
    }
    const agents = joinRows(pages)
    const none =
      spaceId !== undefined && sentRows(agents) === 0
        ? `Space ${spaceId} has no agents, or this account can't see it.`
        : undefined
    return { agents, ...noticeOf(unreadable(agents), problem, none) }
  })

/** The longest name that a notice repeats. */
const maxNameLength = 100

interface Near {
  readonly id: number | undefined
  readonly name: string
}

/** Says that nothing is found, and what is nearest. Names are quoted: they are data. */
export const noneLike = (what: string, nearest: ReadonlyArray<Near>): string => {
  if (nearest.length === 0) return `There is no ${what}.`
  const names = nearest.map(
    ({ id, name }) => `${JSON.stringify(name.slice(0, maxNameLength))}${id === undefined ? "" : ` (${id})`}`
  )
  return `No ${what} holds these words. The nearest names are ${names.join(", ")}.`
}
