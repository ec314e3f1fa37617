import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { columnsIn } from "./columns.ts"
import type { DatasetName } from "./datasets.ts"
import type { ApiError } from "./errors.ts"
import { badRequest, notFound } from "./errors.ts"
import { maybe, read, whole } from "./input.ts"
import { chargeBuild } from "./ledger.ts"
import { random } from "./random.ts"
import type { Call, Route } from "./route.ts"
import { empty, json } from "./route.ts"
import type { Agent, Session, World } from "./state.ts"
import { ConfigType, hours, minutes, scheduleAt } from "./state.ts"

/** How long a session can be read after its end. The sandbox's own choice. */
const sessionRetention = hours(1)

const Body = Schema.Struct({ prompt: Schema.String, spaceId: maybe(whole(0)) })

/** What makes a build fail, with the raw exception in `error`. The real builder also returns raw exceptions. */
const obstacles: ReadonlyArray<readonly [RegExp, (url: string) => string]> = [
  [
    /\b(log[- ]?in|sign[- ]?in|password|paywall)\b/i,
    (url) =>
      `System.InvalidOperationException: Navigation to ${url} ended at /account/login (302). No element matches 'main'.\n   at Sequentum.AgentBuilder.Pipeline.ExploreStep.ExecuteAsync(BuildContext ctx) in /src/AgentBuilder/Pipeline/ExploreStep.cs:line 218\n   at Sequentum.AgentBuilder.SessionRunner.RunAsync(String sessionId)`
  ],
  [
    /\b(captcha|bot protection)\b/i,
    (url) =>
      `System.AggregateException: One or more errors occurred. (net::ERR_BLOCKED_BY_RESPONSE at ${url})\n ---> Sequentum.Browser.NavigationException: HTTP 403, challenge page\n   at Sequentum.Browser.CdpPage.GotoAsync(Uri uri, Int32 timeoutMs) in /src/Browser/CdpPage.cs:line 91`
  ]
]

const subjects: ReadonlyArray<readonly [RegExp, DatasetName]> = [
  [/book|novel|author/i, "books"],
  [/laptop|notebook|computer/i, "laptops"],
  [/grocer|food|supermarket/i, "groceries"],
  [/review|rating/i, "reviews"],
  [/job|vacanc|career/i, "jobs"],
  [/hotel|room/i, "hotels"],
  [/house|flat|propert|real estate/i, "properties"],
  [/news|headline|article/i, "headlines"],
  [/weather|forecast/i, "weather"],
  [/rate|currency/i, "rates"]
]

const urlIn = (prompt: string): string | null =>
  /https?:\/\/[^\s"'<>,]*[^\s"'<>,.:;!?()]/.exec(prompt)?.[0] ??
  /\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b/i.exec(prompt)?.[0] ??
  null

const draftAgent = (world: World, session: Session): Agent => {
  const found = urlIn(session.prompt)
  const startUrl = found === null || found.startsWith("http") ? found : `https://${found}`
  const words = session.prompt
    .replace(found ?? "", "")
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 6)
    .join(" ")
  const agent: Agent = {
    id: Math.max(...world.agents.keys()) + 1,
    name: words === "" ? `Draft ${session.id}` : words,
    description: session.prompt.slice(0, 200),
    documentation: null,
    inputParameters: null,
    configType: ConfigType.agent,
    proxyPoolId: null,
    spaceId: session.spaceId,
    startUrl,
    userId: 58,
    validationStatus: 3,
    archived: false,
    created: world.now,
    profile: {
      dataset: subjects.find(([pattern]) => pattern.test(session.prompt))?.[1] ?? "companies",
      plannedMs: minutes(3),
      rows: 60,
      rowsPerPage: 20,
      outcome: "success",
      failure: "timeout",
      output: "tables",
      columns: columnsIn(session.prompt.replace(found ?? "", " ")),
      detailShare: 0.4,
      updatesDataSet: false
    },
    extra: {},
    versions: [
      { version: 1, userName: "Agent Builder", created: world.now, comments: "Drafted from a prompt", fileSize: 21_337 }
    ],
    updated: world.now,
    lastSequence: 0
  }
  world.agents.set(agent.id, agent)
  return agent
}

const end = (world: World, session: Session, status: "completed" | "error" | "cancelled"): void => {
  session.status = status
  session.endedAt = world.now
  scheduleAt(world, world.now + sessionRetention, () => void world.sessions.delete(session.id))
}

/** Schedules a change of a session, unless its status changes first. `ms` is at speed 1. */
const scheduleMove = (world: World, session: Session, ms: number, move: () => void): void => {
  const { status } = session
  scheduleAt(world, world.now + Math.max(1, Math.round(ms / world.speed)), () => {
    if (session.status === status) move()
  })
}

const run = (world: World, session: Session): void => {
  const dice = random(`session/${session.id}`)
  const obstacle = obstacles.find(([pattern]) => pattern.test(session.prompt))
  if (obstacle !== undefined) {
    scheduleMove(world, session, dice.int(30_000, 50_000), () => {
      session.error = obstacle[1](urlIn(session.prompt) ?? "about:blank")
      end(world, session, "error")
    })
    return
  }
  scheduleMove(world, session, dice.int(70_000, 100_000), () => {
    const agent = draftAgent(world, session)
    session.agentId = agent.id
    session.status = "ready"
    chargeBuild(world, agent.id, session.id)
    scheduleMove(world, session, dice.int(15_000, 25_000), () => end(world, session, "completed"))
  })
}

const sessionInPath = (call: Call): Effect.Effect<Session, ApiError> => {
  const id = call.params["sessionId"] ?? ""
  const session = call.world.sessions.get(id)
  return session === undefined ? notFound("Session", id) : Effect.succeed(session)
}

const newId = (world: World): string => {
  world.lastSession += 1
  const dice = random(`session-id/${world.lastSession}`)
  return Array.from({ length: 24 }, () => dice.int(0, 15).toString(16)).join("")
}

/**
 * The current Agent Builder: one prompt, no conversation. Source: docs.sequentum.com/agent-builder/sessions. A prompt that
 * mentions a login, a password, a paywall, a CAPTCHA or bot protection ends in error.
 */
export const builderRoutes: ReadonlyArray<Route> = [
  {
    // docs.sequentum.com/api-reference/agent-builder/start-session. Unverified: 400 for a prompt of the wrong length.
    method: "POST",
    path: "/agent-builder/start",
    handle: (call) =>
      Effect.gen(function* () {
        const { world } = call
        const body = yield* read(Body, call.body)
        const prompt = body.prompt.trim()
        if (prompt.length < 10 || prompt.length > 5000) {
          return yield* badRequest("prompt: must be 10 to 5000 characters long.")
        }
        const spaceId = body.spaceId ?? world.spaces.find((space) => space.isDefaultAccess)?.id ?? null
        if (!world.spaces.some((space) => space.id === spaceId)) return yield* notFound("Space", spaceId ?? "")
        const session: Session = {
          id: newId(world),
          prompt,
          spaceId,
          startedAt: world.now,
          status: "processing",
          agentId: null,
          error: null,
          endedAt: null
        }
        world.sessions.set(session.id, session)
        run(world, session)
        return json({ sessionId: session.id })
      })
  },
  {
    // docs.sequentum.com/api-reference/agent-builder/session-status
    method: "GET",
    path: "/agent-builder/:sessionId/status",
    handle: (call) =>
      Effect.map(sessionInPath(call), (session) => {
        const seconds = Math.floor(((session.endedAt ?? call.world.now) - session.startedAt) / 1000)
        return json({
          status: session.status,
          agentId: session.agentId,
          agentName: session.agentId === null ? null : (call.world.agents.get(session.agentId)?.name ?? null),
          error: session.error,
          agentElapsedSeconds: seconds,
          browserIoSeconds: session.status === "processing" ? null : Math.floor(seconds * 0.6)
        })
      })
  },
  {
    // docs.sequentum.com/api-reference/agent-builder/session-stop: 204, deletes no agent, no effect after the end.
    method: "POST",
    path: "/agent-builder/:sessionId/stop",
    handle: (call) =>
      Effect.map(sessionInPath(call), (session) => {
        if (session.endedAt === null) end(call.world, session, "cancelled")
        return empty(204)
      })
  }
]
