import type { Agent, Profile, Schedule } from "./state.ts"

/** An agent of a new account. Defaults apply to what is left out. */
export interface Seeded {
  readonly agent: Pick<Agent, "id" | "name" | "spaceId"> & Partial<Omit<Agent, "profile" | "versions">>
  readonly profile: Partial<Profile>
  /** Past runs: their number, and the interval between them in milliseconds. */
  readonly history?: { readonly count: number; readonly every: number }
  /** The past run that a user stopped, counted back from now. */
  readonly stopped?: number
  /** Comments on the versions, oldest first. */
  readonly versions?: ReadonlyArray<string | null>
}

/** A schedule of a new account. */
export type SeededSchedule = Pick<Schedule, "agentId" | "name" | "kind"> & Partial<Schedule>
