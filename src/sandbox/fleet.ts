import type { DatasetName } from "./datasets.ts"
import { random } from "./random.ts"
import type { Seeded } from "./seeded.ts"
import type { FailureKind, Profile, Space } from "./state.ts"
import { days, minutes } from "./state.ts"

const agentsPerSpace = 50
const firstAgent = 10_001
const firstSpace = 1001

const datasets: readonly [DatasetName, ...ReadonlyArray<DatasetName>] = [
  "books",
  "laptops",
  "groceries",
  "reviews",
  "jobs",
  "properties",
  "headlines",
  "hotels",
  "weather"
]
const places = ["Oslo", "Porto", "Kyoto", "Quito", "Perth", "Tunis", "Lima", "Vilnius"] as const
const failures: readonly [FailureKind, ...ReadonlyArray<FailureKind>] = [
  "captcha",
  "login",
  "proxy",
  "script",
  "selector",
  "timeout"
]

/** The spaces of a fleet of this many agents. */
export const fleetSpaces = (count: number): ReadonlyArray<Omit<Space, "created">> =>
  Array.from({ length: Math.ceil(count / agentsPerSpace) }, (_, index) => ({
    id: firstSpace + index,
    name: `Region ${String(index + 1).padStart(2, "0")}`,
    isDefaultAccess: false,
    scope: "Private",
    runRetentionHours: null
  }))

/** Agents for load tests, each with a few runs in the last seven days. */
export const fleet = (count: number): ReadonlyArray<Seeded> =>
  Array.from({ length: count }, (_, index) => {
    const dice = random(`fleet/${index}`)
    const dataset = dice.pick(datasets)
    const place = dice.pick(places)
    const outcome = dice.pick<Profile["outcome"]>(["success", "success", "success", "completed", "errors", "flaky"])
    return {
      agent: {
        id: firstAgent + index,
        name: `${place} ${dataset} ${String(index + 1).padStart(4, "0")}`,
        spaceId: firstSpace + Math.floor(index / agentsPerSpace),
        description: `The ${dataset} of ${place}.`,
        inputParameters: dice.int(0, 1) === 0 ? null : { maxPages: "2" },
        startUrl: `https://${place.toLowerCase()}.example/${dataset}`
      },
      profile: {
        dataset,
        plannedMs: minutes(dice.int(1, 5)),
        rows: 40,
        rowsPerPage: 20,
        outcome,
        failure: dice.pick(failures)
      },
      history: { count: dice.int(2, 5), every: days(1.5) }
    }
  })
