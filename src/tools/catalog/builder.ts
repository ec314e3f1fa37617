import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import * as Schema from "effect/Schema"
import { pollingPolicy, promptPolicy } from "../../policies.ts"
import { AgentBuilder } from "../../sequentum/AgentBuilder.ts"
import { type BuildStatus, isBuildFinal } from "../../sequentum/schemas/Build.ts"
import { inBrief } from "../../sequentum/errors.ts"
import type { SessionId } from "../../sequentum/schemas/common.ts"
import { notice, noticeOf, pick } from "../outputs.ts"
import * as Param from "../Param.ts"
import { mutating, readOnly } from "../Tool.ts"
import * as Toolset from "../Toolset.ts"
import { ifUnknown, proved, repeatable, type Seen } from "./outcome.ts"
import { pollUntil } from "./poll.ts"
import { StartLimit } from "./StartLimit.ts"
import { buildTask, waitForBuildTask } from "./tasks.ts"

const reads = { annotations: readOnly, scope: "agents:read" } as const

const promptLength = { min: 10, max: 5000 }

/** Outer white space does not count. Source: docs.sequentum.com/api-reference/agent-builder/start-session. */
const prompt = Schema.String.pipe(
  Schema.filter(
    (value) => {
      const length = Array.from(value.trim()).length
      return length >= promptLength.min && length <= promptLength.max
    },
    {
      jsonSchema: {
        type: "string",
        minLength: promptLength.min,
        description: "the user's own words, 10 to 5000 characters without outer white space"
      }
    }
  )
)

/** An address with its scheme, a domain or the number of a host. It may lead nowhere: the builder finds out. */
const address =
  /https?:\/\/\S|(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:\p{L}{2,}|xn--\w+|\d+)|\blocalhost\b/iu

const question =
  "Which web address should the agent read, which data should it get there, and how much of the site should it cover?"

const Build = Schema.Struct({
  sessionId: Schema.String,
  status: Schema.String,
  isFinal: Param.optional(Schema.Boolean),
  agentId: Param.optional(Schema.Number),
  agentName: Param.optional(Schema.String),
  problem: Param.optional(Schema.String)
})

/** Shown in place of the upstream error text, a raw exception message that may reveal internals. */
export const buildFailed =
  "The build failed and left no agent to run. Start a new session with a clearer prompt, or build the agent in Sequentum's editor."

/** A build as it is shown. The upstream error text goes to the debug log only. */
const showBuild = (sessionId: SessionId, build: BuildStatus): Effect.Effect<typeof Build.Type> =>
  Effect.as(
    build.error === undefined ? Effect.void : Effect.logDebug("An agent build failed", { error: build.error }),
    {
      sessionId,
      status: build.status,
      isFinal: isBuildFinal(build.status),
      ...pick(build, ["agentId", "agentName"]),
      ...(build.status === "error" ? { problem: buildFailed } : {})
    }
  )

/** How long a build may stay ready, with its draft made, before a wait stops expecting it to complete. */
const readyGrace = Duration.seconds(10)

/** `Schedule.elapsed` by monotonic time. */
const elapsed: Schedule.Schedule<Duration.Duration> = Schedule.makeWithState(Option.none<bigint>(), (now, _, start) =>
  Effect.map(Clock.currentTimeNanos, (nanos) => {
    const since = Option.getOrElse(start, () => nanos)
    const next = ScheduleDecision.continueWith(ScheduleInterval.after(now))
    return [Option.some(since), Duration.nanos(nanos - since), next] as const
  })
)

/**
 * Delays between two looks at a build: one second, growing by half to fifteen. Ends once the build has been ready for
 * `readyGrace`, counted from the last look at which it was not.
 */
const buildSchedule = Schedule.exponential(Duration.seconds(1), 1.5).pipe(
  Schedule.modifyDelay((_, delay) => Duration.min(delay, Duration.seconds(15))),
  Schedule.intersect(
    elapsed.pipe(
      Schedule.intersect(Schedule.identity<Option.Option<BuildStatus>>()),
      Schedule.resetWhen(([, build]) => !Option.exists(build, ({ status }) => status === "ready")),
      Schedule.whileOutput(([ready]) => Duration.lessThan(ready, readyGrace))
    )
  )
)

export const BuilderTools = Toolset.make("builder", "Build new agents from plain words", {
  start_agent_build: {
    title: "Build agent",
    description: `Build a new agent from plain words; each build spends credits. Answers at once with a sessionId: follow it with wait_for_agent_build. Without a web address in the prompt nothing is sent, and the answer is the question to ask the user. ${promptPolicy}`,
    annotations: mutating({ destructive: false, openWorld: true, idempotent: false }),
    scope: "agents:write",
    input: Schema.Struct({
      prompt,
      spaceId: Param.optional(Param.integer("Default: the default space").pipe(Schema.brand("SpaceId")))
    }),
    task: buildTask,
    output: Schema.Struct({
      sessionId: Param.optional(Schema.String),
      build: Param.optional(Build),
      question: Param.optional(Schema.String),
      notice
    })
  },

  get_agent_build_status: {
    ...reads,
    title: "Get build status",
    description: `State of a build, read once: processing, ready (a draft exists, still finishing), completed, error or cancelled. ${pollingPolicy}`,
    input: Schema.Struct({ sessionId: Param.sessionId }),
    output: Build
  },

  stop_agent_build: {
    title: "Stop build",
    description:
      "End a build session, when the user gives up or the request was wrong. An agent that it has already drafted stays; list_agents shows it.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: true }),
    scope: "agents:write",
    input: Schema.Struct({ sessionId: Param.sessionId }),
    output: Schema.Struct({ stopped: Schema.Boolean, sessionId: Schema.String, notice })
  },

  wait_for_agent_build: {
    ...reads,
    title: "Wait for build",
    task: waitForBuildTask,
    description:
      "Block until a build ends or timeoutSeconds pass, and return its last state. If isFinal is false call it again; a status that stays ready: the draft exists and can be used. Then get_agent with its agentId.",
    input: Schema.Struct({
      sessionId: Param.sessionId,
      timeoutSeconds: Param.optionalOr(Param.integer("Max seconds to block", { max: 45 }), 30)
    }),
    output: Schema.Struct({ build: Build, isFinal: Schema.Boolean, waitedSeconds: Schema.Number, notice })
  }
})

export const BuilderToolsLive = BuilderTools.toLayer(
  Effect.gen(function* () {
    const builder = yield* AgentBuilder
    const limit = yield* StartLimit
    return BuilderTools.of({
      start_agent_build: (args) =>
        address.test(args.prompt)
          ? Effect.zipRight(
              limit.take(),
              Effect.map(builder.start(args.prompt, args.spaceId), (sessionId) => ({ sessionId }))
            )
          : Effect.succeed({
              question,
              ...noticeOf(
                "The prompt has no web address, so nothing was sent and no credits were spent. Ask the user this question, then call again with their own words."
              )
            }),

      get_agent_build_status: ({ sessionId }) =>
        Effect.flatMap(builder.status(sessionId), (build) => showBuild(sessionId, build)),

      stop_agent_build: ({ sessionId }) =>
        builder.stop(sessionId).pipe(
          Effect.as({}),
          ifUnknown(({ error }) =>
            Effect.map(builder.status(sessionId), ({ status }): Seen<{ readonly notice?: string }> =>
              status === "cancelled"
                ? proved(noticeOf(inBrief(error), `But the build is now ${status}.`))
                : repeatable(`The build is now ${status}.`)
            )
          ),
          Effect.map((seen) => ({ stopped: true, sessionId, ...seen }))
        ),

      wait_for_agent_build: ({ sessionId, timeoutSeconds }) =>
        Effect.gen(function* () {
          const { last, ...waited } = yield* pollUntil({
            poll: builder.status(sessionId, { retry: false }),
            done: ({ status }) => isBuildFinal(status),
            describe: ({ status }) => `Build ${status}`,
            timeoutSeconds,
            schedule: buildSchedule
          })
          const { isFinal = false, ...build } = yield* showBuild(sessionId, last)
          return { build, isFinal, ...waited }
        })
    })
  })
)
