import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Agents } from "../sequentum/Agents.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import * as Deadline from "../sequentum/Deadline.ts"
import type { SequentumError } from "../sequentum/errors.ts"
import { Runs } from "../sequentum/Runs.ts"
import { AgentId } from "../sequentum/schemas/common.ts"
import { Spaces } from "../sequentum/Spaces.ts"
import type { Variable } from "./Resource.ts"

/** The protocol's limit for one completion. */
const maxValues = 100

/** A kind of value that can be completed. */
export type Completable = Variable | "agentName" | "spaceName" | "pollingPreference"

const maxAgents = 50
const maxRuns = 50

type Suggest = (
  value: string,
  agentId: number | undefined
) => Effect.Effect<ReadonlyArray<string>, SequentumError, Credentials>

const distinct = (values: ReadonlyArray<string | number | undefined>): ReadonlyArray<string> => [
  ...new Set(values.flatMap((value) => (value === undefined ? [] : [String(value)])))
]

/** Suggestions for the arguments of prompts and the variables of resource templates. */
export class Completions extends Context.Tag("sequentum/Completions")<
  Completions,
  {
    /** Up to 100 values. */
    readonly suggest: (
      what: Completable,
      value: string,
      agentId?: number
    ) => Effect.Effect<ReadonlyArray<string>, SequentumError, Credentials>
  }
>() {
  static readonly layer = Layer.effect(
    Completions,
    Effect.gen(function* () {
      const agents = yield* Agents
      const runs = yield* Runs
      const spaces = yield* Spaces

      const findAgents = (value: string) =>
        value.trim() === ""
          ? Effect.map(agents.list({ pageIndex: 1, recordsPerPage: maxAgents }), (page) => page.agents)
          : agents.search(value.trim(), maxAgents)

      const findSpaces = (value: string) =>
        Effect.map(spaces.list(), (all) =>
          all.filter(
            ({ id, name = "" }) =>
              String(id).startsWith(value) || name.toLowerCase().includes(value.trim().toLowerCase())
          )
        )

      const suggestions: Record<Completable, Suggest> = {
        agentId: (value) =>
          /^\d+$/u.test(value)
            ? Effect.map(findAgents(""), (found) =>
                distinct(found.map(({ id }) => id)).filter((id) => id.startsWith(value))
              )
            : Effect.map(findAgents(value), (found) => distinct(found.map(({ id }) => id))),
        agentName: (value) => Effect.map(findAgents(value), (found) => distinct(found.map(({ name }) => name))),
        runId: (value, agentId) =>
          agentId === undefined
            ? Effect.succeed([])
            : Effect.map(runs.list(AgentId.make(agentId), maxRuns), (found) =>
                distinct(found.map(({ id }) => id)).filter((id) => id.startsWith(value))
              ),
        spaceId: (value) => Effect.map(findSpaces(value), (found) => distinct(found.map(({ id }) => id))),
        spaceName: (value) => Effect.map(findSpaces(value), (found) => distinct(found.map(({ name }) => name))),
        pollingPreference: (value) =>
          Effect.succeed(["fast", "normal", "slow"].filter((word) => word.startsWith(value.toLowerCase())))
      }

      return {
        suggest: (what, value, agentId) =>
          Effect.map(Deadline.ofCall(suggestions[what](value, agentId)), (values) => values.slice(0, maxValues))
      }
    })
  )
}
