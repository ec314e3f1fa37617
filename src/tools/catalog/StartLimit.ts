import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makePerCaller } from "../../runtime/perCaller.ts"
import { Credentials } from "../../sequentum/Credentials.ts"
import { ToolFailure } from "../errors.ts"

const windowMillis = 60_000

interface Asked {
  /** How many runs or builds the call starts. */
  readonly starts?: number
  /** A call that the user confirmed may start more at once, if nothing was started in the last minute. */
  readonly isConfirmed?: boolean
}

const make = (perMinute: number): Context.Tag.Service<StartLimit> => {
  /** The times of the starts in the last minute. */
  const startsOf = makePerCaller((): { times: ReadonlyArray<number> } => ({ times: [] }))

  return {
    isOn: perMinute > 0,
    take: ({ isConfirmed = false, starts = 1 } = {}) =>
      Effect.flatMap(Credentials, (credentials) =>
        Effect.flatMap(Clock.currentTimeNanos, (nanos) => {
          if (perMinute === 0) return Effect.void
          const now = Number(nanos / 1_000_000n)
          const started = startsOf(credentials.account ?? credentials)
          const recent = started.times.filter((at) => at > now - windowMillis)
          const fits = recent.length + starts <= perMinute || (isConfirmed && recent.length === 0)
          if (fits) {
            started.times = [...recent, ...Array.from({ length: starts }, () => now)]
            return Effect.void
          }
          const free = recent[recent.length + starts - perMinute - 1]
          const advice =
            free === undefined
              ? "Start fewer at once"
              : `Try again in ${Math.ceil((free + windowMillis - now) / 1000)} seconds`
          return new ToolFailure({
            message: `At most ${perMinute} runs and builds may be started in a minute here; ${recent.length} were, and this call would start ${starts}. Nothing was started. ${advice}, or have the operator raise SEQUENTUM_MAX_STARTS_PER_MINUTE.`
          })
        })
      )
  }
}

/** A ceiling on the runs and builds that one caller starts in any minute through this process. */
export class StartLimit extends Context.Tag("sequentum/StartLimit")<
  StartLimit,
  {
    readonly isOn: boolean
    /** Counts what a call starts. Fails with ToolFailure beyond the ceiling: then nothing is counted. */
    readonly take: (asked?: Asked) => Effect.Effect<void, ToolFailure, Credentials>
  }
>() {
  /** `perMinute` 0 sets no ceiling. */
  static readonly layer = (perMinute: number): Layer.Layer<StartLimit> => Layer.sync(StartLimit, () => make(perMinute))
}
