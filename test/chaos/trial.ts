import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { random } from "../../src/sandbox/random.ts"
import { faults } from "../support/hostile/faults.ts"
import { planText, type Plan } from "../support/hostile/plan.ts"
import { hostileUpstream, type HostileUpstream, type Seen } from "../support/hostileUpstream.ts"
import type { Lane } from "./lanes.ts"
import { reportOf, type Reply, type Report } from "./replies.ts"
import { carriedOut, type AskSandbox, type Tool } from "./tools.ts"
import { threadActivity } from "./threads.ts"
import { inVirtualTime } from "./virtualTime.ts"

/** One call of a tool while the upstream fails by a plan. */
export interface Trial {
  readonly lane: Lane
  readonly tool: Tool
  readonly plan: Plan
  readonly seed: number
}

/** What a call came to. */
export interface Outcome {
  readonly trial: Trial
  /** Undefined if the client got no answer. */
  readonly reply: Reply | undefined
  readonly report: Report | undefined
  /** Why there was no answer, if there was none. */
  readonly noAnswer: string | undefined
  /** Requests that reached the upstream for this call. */
  readonly sent: ReadonlyArray<Seen>
  /** How many times the sandbox did what the tool is for, by its own count. */
  readonly acted: number
  /** Whether what the reply names was made by this call. */
  readonly isTrue: boolean
  readonly seconds: number
  /** Peak memory of the server in MiB, if it is a process of its own. */
  readonly peakMemory: number | undefined
}

/** The id of a trial, by which it can be run again. */
export const idOf = ({ lane, plan, tool }: Trial) => `${lane.name}/${tool.name}/${planText(plan)}`

/** A Wednesday at noon, when no schedule of the sandbox is due. */
const beginning = Date.parse("2026-03-11T12:00:00.000Z")

/** So slow that runs and builds outlive every call. */
const speed = 0.02

/** Longer than any client waits. */
const givenUp = { virtual: "300 seconds", real: "90 seconds" } as const

/** In virtual time everything that is still on its way arrives. */
const aftermath = "200 seconds"

const holds = ({ moves }: Plan, kind: "isSlow" | "isHeavy") =>
  moves.some((move) => move !== "pass" && faults[move.fault]?.[kind] === true)

const headersOf = (authorization: string) => ({
  authorization,
  host: "sandbox.test",
  "content-type": "application/json"
})

const attempt = (trial: Trial, hostile: HostileUpstream) =>
  Effect.gen(function* () {
    const { lane, plan, seed, tool } = trial
    const speaker = yield* lane.open(hostile.url)
    const ask: AskSandbox = (method, path, body) =>
      hostile.ask({
        method,
        path: path.startsWith("/sandbox/") ? path : `/api/v1${path}`,
        headers: headersOf(speaker.authorization),
        body: body === undefined ? undefined : Buffer.from(JSON.stringify(body))
      })
    const { args, hasChanged, isTrue } = yield* tool.prepare(ask)
    // A connection and a proven token are there before anything fails.
    yield* Effect.ignore(speaker.call("get_personal_agent_count", {}))
    const before = yield* carriedOut(ask, tool.route)
    yield* hostile.arm(plan, random(`${seed}/${planText(plan)}/${tool.name}`))
    const startedAt = yield* Clock.currentTimeMillis
    const answer = yield* Effect.timeoutOption(
      Effect.either(speaker.call(tool.name, args)),
      lane.isVirtual ? givenUp.virtual : givenUp.real
    )
    const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
    const sent = [...hostile.seen()]
    const peakMemory = speaker.peakMemory()
    yield* hostile.disarm
    if (lane.isVirtual && holds(plan, "isSlow")) yield* Effect.sleep(aftermath)
    const acted = (yield* carriedOut(ask, tool.route)) - before
    if (acted > 0 !== (yield* hasChanged)) {
      return yield* Effect.dieMessage(`${idOf(trial)}: the sandbox counts ${acted}, and its state says otherwise`)
    }
    const reply = Option.getOrUndefined(Option.flatMap(answer, Either.getRight))
    const outcome: Outcome = {
      trial,
      reply,
      report: reply === undefined ? undefined : reportOf(reply),
      noAnswer: Option.match(answer, {
        onNone: () => "The call did not end",
        onSome: Either.match({ onLeft: (error) => error.noAnswer, onRight: () => undefined })
      }),
      sent,
      acted,
      isTrue: reply === undefined || reply.error !== undefined || (yield* isTrue(reply.structured)),
      seconds,
      peakMemory
    }
    return outcome
  })

/** One at a time of those that take hundreds of megabytes. */
const heavy = Effect.unsafeMakeSemaphore(1)

const runInLane = (trial: Trial): Effect.Effect<Outcome> => {
  let upstream: HostileUpstream | undefined
  const whole = Effect.scoped(
    Effect.gen(function* () {
      upstream = yield* hostileUpstream({ speed })
      return yield* attempt(trial, upstream)
    })
  )
  if (!trial.lane.isVirtual) return whole
  return inVirtualTime(
    beginning,
    {
      activity: () => (upstream?.activity() ?? 0) + (trial.tool.isWorker ? threadActivity() : 0),
      isHeld: () => upstream?.isHeld() ?? false,
      // Zlib works in real time and is not seen: it unpacks for 130 ms before it stops at 32 MiB. A thread that is told to
      // work begins soon.
      patience: holds(trial.plan, "isHeavy") ? 1000 : trial.tool.isWorker ? 200 : 40
    },
    whole
  )
}

/** A trial of which nothing is known counts as a call without an answer. */
const failed = (trial: Trial, defect: unknown): Outcome => ({
  trial,
  reply: undefined,
  report: undefined,
  noAnswer: `The trial itself failed: ${String(defect)}`,
  sent: [],
  acted: 0,
  isTrue: true,
  seconds: 0,
  peakMemory: undefined
})

/** Runs a trial on a fresh sandbox. */
export const run = (trial: Trial): Effect.Effect<Outcome> =>
  Effect.catchAllDefect(
    holds(trial.plan, "isHeavy") ? heavy.withPermits(1)(runInLane(trial)) : runInLane(trial),
    (defect) => Effect.succeed(failed(trial, defect))
  )
