import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Credentials } from "../../sequentum/Credentials.ts"
import { askedToWait, seconds, type SequentumError } from "../../sequentum/errors.ts"
import type { Runs } from "../../sequentum/Runs.ts"
import type { AgentId, RunId } from "../../sequentum/schemas/common.ts"
import { isFinal, type Run } from "../../sequentum/schemas/Run.ts"
import { Progress } from "../Progress.ts"
import { Stopping } from "../Stopping.ts"
import { briefly, noAnswer, passes, readLimit, secondsFor, type Failure } from "./poll.ts"

export interface RunIds {
  readonly agentId: AgentId
  readonly runId: RunId
}

/** What a wait has seen of one run. */
export interface Watched extends RunIds {
  readonly run: Run | undefined
  /** Why the last read failed, and how old the state is; undefined if it succeeded. */
  readonly problem: string | undefined
  /** Whether reading on would show nothing new. */
  readonly isOver: boolean
}

interface Watch {
  readonly ids: RunIds
  run: Run | undefined
  seenAt: number
  failure: Failure | undefined
  isOver: boolean
}

/** How many runs are read at the same time. */
const concurrency = 5

/** Seconds between two rounds: they grow, and there is at most one read a second in the long run. */
const pauseBefore = (round: number, pending: number) => Math.max(Math.min(1.5 ** round, 5), pending)

const describeAll = (watches: ReadonlyArray<Watch>) => {
  const ended = watches.filter(({ isOver }) => isOver).length
  const records = watches.reduce((sum, { run }) => sum + (run?.dataCount ?? 0), 0)
  return `${ended} of ${watches.length} ended, ${records} records`
}

/**
 * Reads runs in rounds until all have ended or `timeoutSeconds` of monotonic time are over, or the time of the call.
 * Reports progress when something changes. A failure costs its run only, and where it passes that run is read on. Fails
 * if the credentials are refused, or if no run could be read at all.
 */
export const waitForRuns = (
  status: Runs["status"],
  targets: ReadonlyArray<RunIds>,
  wanted: number
): Effect.Effect<{ readonly watched: ReadonlyArray<Watched>; readonly waitedSeconds: number }, Failure, Credentials> =>
  Effect.gen(function* () {
    const timeoutSeconds = yield* secondsFor(wanted)
    const progress = yield* Progress
    const stopping = yield* Stopping
    const firstRound = yield* Deferred.make<void>()
    const startedAt = yield* Clock.currentTimeNanos
    const elapsed = Effect.map(Clock.currentTimeNanos, (now) => Number(now - startedAt) / 1e9)
    const watches = targets.map((ids): Watch => ({ ids, run: undefined, seenAt: 0, failure: undefined, isOver: false }))
    let shown = ""
    let pauseAsked = 0

    const report = Effect.suspend(() => {
      const message = describeAll(watches)
      if (message === shown) return Effect.void
      shown = message
      return progress.report({
        progress: watches.filter(({ isOver }) => isOver).length,
        total: watches.length,
        message
      })
    })

    const failed = (watch: Watch, failure: Failure) => {
      const wasMissing = watch.failure?._tag === "NotFound"
      watch.failure = failure
      pauseAsked = Math.max(pauseAsked, askedToWait(failure))
      if (failure._tag === "Unauthorized") return Effect.fail(failure)
      const isFirstMiss = failure._tag === "NotFound" && watch.run !== undefined && !wasMissing
      watch.isOver = !(passes(failure) || isFirstMiss)
      return Effect.void
    }

    const readOne = (watch: Watch): Effect.Effect<void, SequentumError, Credentials> =>
      status(watch.ids.agentId, watch.ids.runId, { retry: false }).pipe(
        Effect.timeoutFail({
          duration: readLimit,
          onTimeout: () => noAnswer(Duration.toSeconds(readLimit))
        }),
        Effect.matchEffect({
          onFailure: (failure) => failed(watch, failure),
          onSuccess: (run) =>
            Effect.map(elapsed, (at) => {
              watch.run = run
              watch.seenAt = at
              watch.failure = undefined
              watch.isOver = isFinal(run.status)
            })
        }),
        Effect.zipRight(report)
      )

    const rounds = Effect.gen(function* () {
      for (let round = 0; ; round += 1) {
        pauseAsked = 0
        const pending = watches.filter(({ isOver }) => !isOver)
        yield* Effect.forEach(pending, readOne, { concurrency, discard: true })
        yield* Deferred.succeed(firstRound, undefined)
        const left = watches.filter(({ isOver }) => !isOver).length
        const pause = Math.max(pauseBefore(round, left), pauseAsked)
        if (left === 0 || pauseAsked > timeoutSeconds - (yield* elapsed)) return
        yield* Effect.sleep(Duration.seconds(pause))
      }
    })

    // Once the server begins to stop, one round is enough.
    const stopped = Effect.zipRight(stopping.started, Deferred.await(firstRound))
    yield* Effect.timeoutOption(Effect.raceFirst(rounds, stopped), Duration.seconds(timeoutSeconds))
    const waited = yield* elapsed
    if (watches.every(({ run }) => run === undefined)) {
      // One that may pass tells more: another run may still be read.
      const unread = watches.find(({ isOver }) => !isOver) ?? watches[0]
      return yield* unread?.failure ?? noAnswer(Math.round(timeoutSeconds))
    }
    const problemOf = ({ failure, isOver, run, seenAt }: Watch): string | undefined => {
      if (failure === undefined) return run === undefined ? "It was not read in time." : undefined
      const age = run === undefined || isOver ? "" : ` The state is ${seconds(Math.round(waited - seenAt))} old.`
      return `${briefly(failure)}${age}`
    }
    return {
      watched: watches.map((watch) => ({
        ...watch.ids,
        run: watch.run,
        problem: problemOf(watch),
        isOver: watch.isOver
      })),
      waitedSeconds: Math.round(waited)
    }
  })
