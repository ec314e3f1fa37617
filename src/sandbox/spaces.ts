import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { agentView, unarchived } from "./agents.ts"
import { notFound } from "./errors.ts"
import { maybe, read, readInputParameters } from "./input.ts"
import type { Route } from "./route.ts"
import { empty, json, spaceInPath } from "./route.ts"
import { defaultOptions, refusal, start } from "./runs.ts"
import type { Agent, Space, World } from "./state.ts"
import { isoOrNull } from "./state.ts"

const spaceView = (world: World, space: Space) => ({
  id: space.id,
  name: space.name,
  organizationId: world.organizationId,
  created: isoOrNull(space.created),
  isDefaultAccess: space.isDefaultAccess,
  ...(world.fields === "qa"
    ? { scope: space.scope, runRetentionHours: space.runRetentionHours, initiatedBy: null, access: [] }
    : {})
})

const spaceAgentView = (world: World, agent: Agent) => {
  const { configType, created, description, id, lastActivity, name, status, updated, validationStatus, version } =
    agentView(world, agent)
  return {
    id,
    name,
    description,
    configType,
    status,
    validationStatus,
    lastActivity,
    ...(world.fields === "qa"
      ? {
          created,
          updated,
          version,
          isArchived: agent.archived,
          approvalStatus: agent.extra["approvalStatus"] ?? 0,
          labels: agent.extra["labels"] ?? []
        }
      : {})
  }
}

const agentsIn = (world: World, space: Space): ReadonlyArray<Agent> =>
  unarchived(world).filter((agent) => agent.spaceId === space.id)

const NameQuery = Schema.Struct({ name: Schema.String })

const RunAllBody = Schema.Struct({ inputParameters: maybe(Schema.String) })

/** Spaces. The public reference has no page about them, so their status codes are unverified. Archived agents are omitted. */
export const spaceRoutes: ReadonlyArray<Route> = [
  {
    method: "GET",
    path: "/spaces",
    handle: ({ world }) => Effect.succeed(json(world.spaces.map((space) => spaceView(world, space))))
  },
  {
    // Matches the whole name in any case. Unverified: whether a part of the name also matches.
    method: "GET",
    path: "/spaces/search",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const { name } = yield* read(NameQuery, query)
        const space = world.spaces.find((space) => space.name.toLowerCase() === name.trim().toLowerCase())
        return space === undefined ? yield* notFound("Space", name) : json(spaceView(world, space))
      })
  },
  {
    method: "GET",
    path: "/spaces/:spaceId",
    handle: (call) => Effect.map(spaceInPath(call), (space) => json(spaceView(call.world, space)))
  },
  {
    method: "GET",
    path: "/spaces/:spaceId/agents",
    handle: (call) =>
      Effect.map(spaceInPath(call), (space) =>
        json(agentsIn(call.world, space).map((agent) => spaceAgentView(call.world, agent)))
      )
  },
  {
    method: "GET",
    path: "/spaces/:spaceId/agents/count",
    handle: (call) => Effect.map(spaceInPath(call), (space) => json({ totalCount: agentsIn(call.world, space).length }))
  },
  {
    // Reports agents that cannot be started, and starts the others.
    method: "POST",
    path: "/spaces/:spaceId/run-all",
    handle: (call) =>
      Effect.gen(function* () {
        const space = yield* spaceInPath(call)
        const body = yield* read(RunAllBody, call.body)
        const inputs = yield* readInputParameters(body.inputParameters)
        const { world } = call
        const results = agentsIn(world, space).map((agent) => {
          const refused = refusal(world, agent)
          const named = { agentId: agent.id, agentName: agent.name }
          return refused === null
            ? {
                ...named,
                success: true,
                runId: start(world, agent, { ...defaultOptions, proxyPoolId: agent.proxyPoolId, inputs }).id,
                errorMessage: null
              }
            : { ...named, success: false, runId: null, errorMessage: refused.message }
        })
        const agentsStarted = results.filter(({ success }) => success).length
        return json({
          spaceId: space.id,
          spaceName: space.name,
          totalAgents: results.length,
          agentsStarted,
          agentsFailed: results.length - agentsStarted,
          results
        })
      })
  },
  {
    // Overwrites a file of the same name. Unverified: the response of the real API.
    method: "POST",
    path: "/input-files/space/:spaceId",
    handle: (call) => Effect.zipRight(spaceInPath(call), Effect.as(call.files, empty()))
  }
]
