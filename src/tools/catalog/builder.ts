import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { pollingPolicy, promptPolicy } from "../../policies.ts"
import { AgentBuilder } from "../../sequentum/AgentBuilder.ts"
import { type BuildStatus, isBuildFinal } from "../../sequentum/schemas/Build.ts"
import type { SessionId } from "../../sequentum/schemas/common.ts"
import { pick } from "../outputs.ts"
import * as Param from "../Param.ts"
import { pollUntil } from "./poll.ts"
import { make, readOnly, writes } from "../Tool.ts"

const promptLength = { min: 10, max: 5000 }

/** The length rule of docs.sequentum.com/api-reference/agent-builder/start-session counts without outer white space. */
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

const startAgentBuild = make({
  name: "start_agent_build",
  toolset: "builder",
  title: "Build agent",
  description: `Build a new agent from plain words. Answers at once with a sessionId: follow it with wait_for_agent_build. ${promptPolicy}`,
  hints: writes({ destructive: false, openWorld: true, idempotent: false }),
  scope: "agents:write",
  input: Schema.Struct({
    prompt,
    spaceId: Param.optional(
      Param.integer("Space for the agent; the default one if left out").pipe(Schema.brand("SpaceId"))
    )
  }),
  output: Schema.Struct({ sessionId: Schema.String }),
  handler: (args) =>
    Effect.gen(function* () {
      return { sessionId: yield* (yield* AgentBuilder).start(args.prompt, args.spaceId) }
    })
})

const BuildOut = Schema.Struct({
  sessionId: Schema.String,
  status: Schema.String,
  isFinal: Schema.Boolean,
  agentId: Param.optional(Schema.Number),
  agentName: Param.optional(Schema.String),
  problem: Param.optional(Schema.String)
})

/** Stands for the upstream error text, a raw exception message that may tell of internals. */
export const buildFailed =
  "The build failed and left no agent to run. Start a new session with a clearer prompt, or build the agent in Sequentum's editor."

const buildOut = (sessionId: SessionId, build: BuildStatus): Effect.Effect<typeof BuildOut.Type> =>
  Effect.as(
    build.error === undefined
      ? Effect.void
      : Effect.logDebug("An agent build failed", { sessionId, error: build.error }),
    {
      sessionId,
      status: build.status,
      isFinal: isBuildFinal(build.status),
      ...pick(build, ["agentId", "agentName"]),
      ...(build.status === "error" ? { problem: buildFailed } : {})
    }
  )

const reads = { toolset: "builder", hints: readOnly, scope: "agents:read" } as const

const getAgentBuildStatus = make({
  ...reads,
  name: "get_agent_build_status",
  title: "Get build status",
  description: `State of a build, read once: processing, ready (a draft exists, still finishing), completed, error or cancelled. ${pollingPolicy}`,
  input: Schema.Struct({ sessionId: Param.sessionId }),
  output: BuildOut,
  handler: ({ sessionId }) =>
    Effect.gen(function* () {
      return yield* buildOut(sessionId, yield* (yield* AgentBuilder).status(sessionId))
    })
})

const stopAgentBuild = make({
  name: "stop_agent_build",
  toolset: "builder",
  title: "Stop build",
  description:
    "End a build session, when the user gives up or the request was wrong. An agent that it has already drafted stays; list_agents shows it.",
  hints: writes({ destructive: false, openWorld: false, idempotent: true }),
  scope: "agents:write",
  input: Schema.Struct({ sessionId: Param.sessionId }),
  output: Schema.Struct({ stopped: Schema.Boolean, sessionId: Schema.String }),
  handler: ({ sessionId }) =>
    Effect.gen(function* () {
      yield* (yield* AgentBuilder).stop(sessionId)
      return { stopped: true, sessionId }
    })
})

/** How long a build may stay ready, with its draft made, before a wait stops expecting it to complete. */
const readyGrace = Duration.seconds(10)

/** One second, growing by half to fifteen. */
const buildSchedule = Schedule.exponential(Duration.seconds(1), 1.5).pipe(
  Schedule.modifyDelay((_, delay) => Duration.min(delay, Duration.seconds(15)))
)

const waitForAgentBuild = make({
  ...reads,
  name: "wait_for_agent_build",
  title: "Wait for build",
  description:
    "Block until a build ends or timeoutSeconds pass, and return its last state. If isFinal is false call it again; a status that stays ready means that the draft exists and can be used. Then get_agent with its agentId.",
  input: Schema.Struct({
    sessionId: Param.sessionId,
    timeoutSeconds: Param.optionalOr(Param.integer("Most seconds to block", { max: 45 }), 30)
  }),
  output: Schema.Struct({ build: BuildOut, isFinal: Schema.Boolean, waitedSeconds: Schema.Number }),
  handler: ({ sessionId, timeoutSeconds }) =>
    Effect.gen(function* () {
      const builder = yield* AgentBuilder
      const readySince = yield* Ref.make<number | undefined>(undefined)
      const poll = Effect.gen(function* () {
        const build = yield* builder.status(sessionId)
        const now = yield* Clock.currentTimeMillis
        const since = yield* Ref.updateAndGet(readySince, (known) =>
          build.status === "ready" ? (known ?? now) : undefined
        )
        const graceOver = since !== undefined && now - since >= Duration.toMillis(readyGrace)
        return { build, settled: isBuildFinal(build.status) || graceOver }
      })
      const { last, waitedSeconds } = yield* pollUntil({
        poll,
        done: ({ settled }) => settled,
        describe: ({ build }) => `Build ${build.status}`,
        timeoutSeconds,
        schedule: buildSchedule
      })
      const build = yield* buildOut(sessionId, last.build)
      return { build, isFinal: build.isFinal, waitedSeconds }
    })
})

export const builderTools = [startAgentBuild, getAgentBuildStatus, stopAgentBuild, waitForAgentBuild] as const
