import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Credentials } from "../../sequentum/Credentials.ts"
import type { Agents } from "../../sequentum/Agents.ts"
import { inBrief, type SequentumError } from "../../sequentum/errors.ts"
import type { Agent } from "../../sequentum/schemas/Agent.ts"
import type { SpaceId } from "../../sequentum/schemas/common.ts"
import { Sparing } from "../../sequentum/Sparing.ts"
import { joinRows, noticeOf, sentRows, unreadable } from "../outputs.ts"

const pageSize = 100

/** More agents than that are not read for one question. */
const maxPages = 20

export interface Fleet {
  readonly agents: ReadonlyArray<Agent>
  /** Says what the list lacks. */
  readonly notice?: string
}

/** All agents, or those of a space, with the ones that were active last first. Fails if the first page does. */
export const listFleet = (
  agents: Agents,
  spaceId: SpaceId | undefined
): Effect.Effect<Fleet, SequentumError, Credentials> =>
  Effect.gen(function* () {
    const page = (pageIndex: number) =>
      agents.list({ pageIndex, recordsPerPage: pageSize, sortColumn: "lastActivity", sortOrder: 1, spaceId })
    const first = yield* page(1)
    const pages = [first.agents]
    const total = first.totalRecordCount
    let problem: string | undefined
    let hasMore = total !== undefined && sentRows(first.agents) < total
    for (let index = 2; hasMore && problem === undefined; index += 1) {
      if (index > maxPages) {
        problem = `Only the ${maxPages * pageSize} agents that were active last were looked at.`
        break
      }
      const next = yield* Effect.either(Effect.provideService(page(index), Sparing, true))
      if (Either.isLeft(next)) {
        problem = `Only ${(index - 1) * pageSize} of ${total ?? "the"} agents could be listed. ${inBrief(next.left)}`
      } else {
        pages.push(next.right.agents)
        hasMore = sentRows(next.right.agents) > 0 && (index - 1) * pageSize + sentRows(next.right.agents) < (total ?? 0)
      }
    }
    const all = joinRows(pages)
    return { agents: all, ...noticeOf(unreadable(all), problem) }
  })
