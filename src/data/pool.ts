import { Worker } from "node:worker_threads"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DataFailed, UnreadableFile, type DataWorkersOptions, type RunOptions } from "./jobs.ts"
import type { Answer, FromWorker, Job, ToWorker } from "./protocol.ts"
import { realClock, realSleep } from "./realTime.ts"
import { workerFile } from "./workerFile.ts"

const KiB = 1024

/** How much of the first file is here before a thread is taken: a download that crawls must hold none. */
const prefetchBytes = 256 * KiB

/** How much may be on its way to a thread. */
const windowBytes = 256 * KiB

/** How many jobs may wait for each thread. */
const maxQueuedPerThread = 16

/** How long an idle thread is kept. */
const idleLimit = Duration.minutes(1)

const failAfter = (duration: Duration.Duration, failure: () => DataFailed) =>
  Effect.zipRight(realSleep(duration), Effect.suspend(failure))

/** What a job hears of its thread. */
interface Listener {
  readonly message: (message: FromWorker) => void
  readonly died: (error: unknown) => void
}

class Thread {
  private readonly worker: Worker
  listener: Listener | undefined
  hasEnded = false
  /** Changes with each job, so that the end of one idle time does not end the next. */
  uses = 0

  constructor() {
    this.worker = new Worker(workerFile.start, {
      eval: typeof workerFile.start === "string",
      execArgv: [],
      // The key is in the environment.
      env: {},
      // Nothing may reach the protocol's stdout.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 }
    })
    this.worker.unref()
    this.worker.on("message", (message: FromWorker) => this.listener?.message(message))
    this.worker.on("error", (error) => this.end(error))
    this.worker.on("exit", () => this.end(undefined))
  }

  private end(error: unknown): void {
    this.hasEnded = true
    this.listener?.died(error)
  }

  hold(listener: Listener): void {
    this.uses += 1
    this.listener = listener
    this.worker.ref()
  }

  release(): void {
    this.listener = undefined
    this.worker.unref()
  }

  send(message: ToWorker, transfer: ReadonlyArray<ArrayBuffer> = []): void {
    this.worker.postMessage(message, transfer)
  }

  terminate(): void {
    this.hasEnded = true
    void this.worker.terminate()
  }
}

const problemOfDeath = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? "The data needs more memory than one call may have. Ask for less of it."
    : "The thread that read the data ended by an error. Try a smaller file or query."

/** What a job waits for. */
interface Progress {
  waitsFor: "bytes" | "thread" | "work"
  /** How many bytes have arrived. */
  received: number
}

const timeOver = (limit: Duration.Duration, { received, waitsFor }: Progress) => {
  const within = `within ${Math.round(Duration.toSeconds(limit))} seconds`
  switch (waitsFor) {
    case "bytes":
      return received === 0
        ? `Nothing of the file arrived ${within}. Try again later.`
        : `The file arrives too slowly: ${received} bytes came ${within}. Try again later, or use get_file_download_url.`
    case "thread":
      return `Other requests for data were before this one, which was not begun ${within}. Try again later.`
    case "work":
      return `The data was not read ${within}. Ask for less of it.`
  }
}

const queryTimeOver = (limit: Duration.Duration) =>
  new DataFailed({
    problem: `The query ran longer than ${Duration.toSeconds(limit)} seconds and was ended. Narrow it: filter first, join on fewer rows, or aggregate.`
  })

/** The next bytes of a file; none at its end. */
type Pull<E, R> = Effect.Effect<Option.Option<Uint8Array>, E, R>

const pullOf = <E, R>(
  source: Stream.Stream<Uint8Array, E, R>,
  progress: Progress
): Effect.Effect<Pull<E, R>, never, R | Scope.Scope> =>
  Effect.map(Stream.toPull(source), (pull) =>
    Effect.suspend(() => {
      progress.waitsFor = "bytes"
      return pull
    }).pipe(
      Effect.map((chunks) => {
        const bytes = concat([...chunks])
        progress.received += bytes.length
        return Option.some(bytes)
      }),
      Effect.catchAll(Option.match({ onNone: () => Effect.succeedNone, onSome: (error) => Effect.fail(error) })),
      Effect.tap(() => {
        progress.waitsFor = "work"
      })
    )
  )

/** One buffer of its own, which can be transferred. */
const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

/** Threads that are made when they are needed, and ended with the scope. */
export const makePool = (
  { queryLimit = Duration.seconds(10), queueLimit = Duration.seconds(30), threads }: DataWorkersOptions,
  scope: Scope.Scope
) =>
  Effect.gen(function* () {
    const places = yield* Effect.makeSemaphore(threads)
    const idle: Array<Thread> = []
    const all = new Set<Thread>()
    let waiting = 0
    yield* Scope.addFinalizer(
      scope,
      Effect.sync(() => {
        for (const thread of all) thread.terminate()
        all.clear()
        idle.length = 0
      })
    )

    const end = (thread: Thread) =>
      Effect.sync(() => {
        all.delete(thread)
        thread.terminate()
      })

    const endWhenIdle = (thread: Thread, uses: number) =>
      Effect.suspend(() => {
        const place = idle.indexOf(thread)
        if (place === -1 || thread.uses !== uses) return Effect.void
        idle.splice(place, 1)
        return end(thread)
      }).pipe(
        Effect.delay(idleLimit),
        Effect.withClock(realClock),
        // It is started while a thread is released, which nothing interrupts.
        Effect.interruptible,
        Effect.forkIn(scope),
        Effect.asVoid
      )

    const acquire = Effect.sync(() => {
      for (;;) {
        const kept = idle.pop()
        if (kept === undefined) break
        if (!kept.hasEnded) return kept
        all.delete(kept)
      }
      const thread = new Thread()
      all.add(thread)
      return thread
    })

    /** A thread is kept if its job is over, and ended if it may still be at work. */
    const release = (thread: Thread, isOver: boolean) =>
      Effect.suspend(() => {
        thread.release()
        if (!isOver || thread.hasEnded) return end(thread)
        idle.push(thread)
        return endWhenIdle(thread, thread.uses)
      })

    /** A place for a thread, in the order of the requests. */
    const inPlace = <A, E, R>(effect: Effect.Effect<A, E, R>, { onQueued }: RunOptions) =>
      Effect.suspend(() => {
        if (waiting >= threads * maxQueuedPerThread) {
          return new DataFailed({
            problem: `${waiting} other requests for data are waiting. Nothing was read: try again in a minute.`
          })
        }
        const before = waiting
        waiting += 1
        let isWaiting = true
        const begin = Effect.sync(() => {
          if (isWaiting) waiting -= 1
          isWaiting = false
        })
        const say = realSleep(Duration.seconds(1)).pipe(
          Effect.zipRight(Effect.suspend(() => (isWaiting && onQueued !== undefined ? onQueued(before) : Effect.void)))
        )
        const tooLong = Effect.zipRight(
          realSleep(queueLimit),
          Effect.suspend(() =>
            isWaiting
              ? new DataFailed({
                  problem: `Other requests for data were before this one for ${Duration.toSeconds(queueLimit)} seconds. Nothing was read: try again later.`
                })
              : Effect.never
          )
        )
        return Effect.scoped(
          Effect.zipRight(
            Effect.forkScoped(say),
            Effect.raceFirst(places.withPermits(1)(Effect.zipRight(begin, effect)), tooLong)
          )
        ).pipe(Effect.ensuring(begin))
      })

    const converse = <E, R>(
      thread: Thread,
      job: Job,
      sources: ReadonlyArray<{ readonly pull: Effect.Effect<Pull<E, R>, never, R | Scope.Scope> }>,
      over: () => void
    ): Effect.Effect<Answer, E | UnreadableFile | DataFailed, R> =>
      Effect.gen(function* () {
        const outcome = yield* Deferred.make<Answer, UnreadableFile | DataFailed>()
        const working = yield* Deferred.make<void>()
        const room = yield* Effect.makeLatch(true)
        let onItsWay = 0
        const settle = (exit: Exit.Exit<Answer, UnreadableFile | DataFailed>, isLarge: boolean) => {
          if (!isLarge) over()
          Deferred.unsafeDone(outcome, exit)
        }
        thread.hold({
          message: (message) => {
            switch (message.type) {
              case "taken":
                onItsWay -= message.bytes
                if (onItsWay < windowBytes) room.unsafeOpen()
                return
              case "working": {
                Deferred.unsafeDone(working, Effect.void)
                return
              }
              case "done": {
                settle(Exit.succeed(message.answer), message.isLarge)
                return
              }
              case "unreadable": {
                settle(
                  Exit.fail(new UnreadableFile({ source: message.source, problem: message.problem })),
                  message.isLarge
                )
                return
              }
              case "failed": {
                settle(Exit.fail(new DataFailed({ problem: message.problem })), message.isLarge)
                return
              }
            }
          },
          died: (error) => settle(Exit.fail(new DataFailed({ problem: problemOfDeath(error) })), true)
        })
        thread.send({ type: "job", job, wasmPath: workerFile.wasmPath })

        const feedOne = (pull: Pull<E, R>): Effect.Effect<void, E, R> =>
          Effect.gen(function* () {
            for (;;) {
              yield* room.await
              const bytes = yield* pull
              if (Option.isNone(bytes)) {
                thread.send({ type: "end" })
                return
              }
              // A buffer of its own: what is transferred is gone here.
              const own = concat([bytes.value])
              onItsWay += own.length
              if (onItsWay >= windowBytes) room.unsafeClose()
              thread.send({ type: "chunk", bytes: own }, [own.buffer])
            }
          })
        const feed = Effect.forEach(sources, ({ pull }) => Effect.scoped(Effect.flatMap(pull, feedOne)), {
          discard: true
        })
        return yield* Effect.raceFirst(
          Deferred.await(outcome),
          Effect.raceFirst(
            Effect.zipRight(feed, Effect.never),
            Effect.zipRight(
              Deferred.await(working),
              failAfter(queryLimit, () => queryTimeOver(queryLimit))
            )
          )
        )
      })

    const run = <E, R>(
      job: Job,
      sources: ReadonlyArray<Stream.Stream<Uint8Array, E, R>>,
      options: RunOptions
    ): Effect.Effect<Answer, E | UnreadableFile | DataFailed, R> =>
      Effect.suspend(() => {
        const progress: Progress = { waitsFor: "bytes", received: 0 }
        return Effect.raceFirst(
          work(job, sources, options, progress),
          failAfter(
            options.limit,
            () => new DataFailed({ problem: timeOver(options.limit, progress), isOutOfTime: true })
          )
        )
      })

    const work = <E, R>(
      job: Job,
      sources: ReadonlyArray<Stream.Stream<Uint8Array, E, R>>,
      options: RunOptions,
      progress: Progress
    ): Effect.Effect<Answer, E | UnreadableFile | DataFailed, R> =>
      Effect.scoped(
        Effect.gen(function* () {
          const [first, ...others] = sources
          if (first === undefined) return yield* new DataFailed({ problem: "There is no file." })
          const pull = yield* pullOf(first, progress)
          const begun: Array<Uint8Array> = []
          let held = 0
          let isWhole = false
          const prefetch = Effect.gen(function* () {
            while (held < prefetchBytes && !isWhole) {
              const bytes = yield* pull
              if (Option.isNone(bytes)) isWhole = true
              else {
                begun.push(bytes.value)
                held += bytes.value.length
              }
            }
          })
          progress.waitsFor = "thread"
          yield* (options.prepare ?? identity)(prefetch)
          const firstPull: Pull<E, R> = Effect.suspend(() => {
            const piece = begun.shift()
            if (piece !== undefined) return Effect.succeedSome(piece)
            return isWhole ? Effect.succeedNone : pull
          })
          let isOver = false
          progress.waitsFor = "thread"
          return yield* inPlace(
            Effect.acquireUseRelease(
              Effect.tap(acquire, () => {
                progress.waitsFor = "work"
              }),
              (thread) =>
                converse(
                  thread,
                  job,
                  [
                    { pull: Effect.succeed(firstPull) },
                    ...others.map((source) => ({ pull: pullOf(source, progress) }))
                  ],
                  () => {
                    isOver = true
                  }
                ),
              (thread) => release(thread, isOver)
            ),
            options
          )
        })
      )

    return { run }
  })
