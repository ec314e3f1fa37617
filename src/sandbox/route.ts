import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { ApiError } from "./errors.ts"
import { badRequest, notFound } from "./errors.ts"
import type { Agent, Run, Space, World } from "./state.ts"

/** A request as a handler sees it. The caller's world is already advanced to the time of the request. */
export interface Call {
  readonly world: World
  /** Advances the world to now, for a handler that has waited. */
  readonly advance: Effect.Effect<void>
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  /** The JSON body; an empty body is read as an empty object. */
  readonly body: unknown
  /** File names in the field `files` of a multipart body. Fails with 400 if there are none. */
  readonly files: Effect.Effect<ReadonlyArray<string>, ApiError>
  /** A temporary URL of a file that needs no Authorization header. */
  readonly signedUrl: (runId: number, fileId: number, name: string) => string
}

/** One endpoint. Methods other than GET count as writes. Handlers are synchronous unless they wait. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly path: `/${string}`
  readonly handle: (call: Call) => Effect.Effect<HttpServerResponse.HttpServerResponse, ApiError>
}

export const json = (body: unknown, status = 200): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(body, { status })

export const empty = (status = 200): HttpServerResponse.HttpServerResponse => HttpServerResponse.empty({ status })

/** An integer in the path, an int64 at most; no id of the sandbox is beyond 2^53. Fails with 400. */
export const pathId = (call: Call, name: string): Effect.Effect<number, ApiError> => {
  const text = call.params[name] ?? ""
  return /^\d{1,19}$/.test(text) ? Effect.succeed(Number(text)) : badRequest(`${name} must be a whole number.`)
}

/** The agent in the path. Fails with 400 or 404. */
export const agentInPath = (call: Call): Effect.Effect<Agent, ApiError> =>
  Effect.flatMap(pathId(call, "agentId"), (id) => {
    const agent = call.world.agents.get(id)
    return agent === undefined ? notFound("Agent", id) : Effect.succeed(agent)
  })

/** The run in the path. It must belong to the agent in the path. Fails with 400 or 404. */
export const runInPath = (call: Call): Effect.Effect<Run, ApiError> =>
  Effect.gen(function* () {
    const agent = yield* agentInPath(call)
    const id = yield* pathId(call, "runId")
    const run = call.world.runs.get(id)
    return run === undefined || run.agentId !== agent.id ? yield* notFound("Run", id) : run
  })

/** The space in the path. Fails with 400 or 404. */
export const spaceInPath = (call: Call): Effect.Effect<Space, ApiError> =>
  Effect.flatMap(pathId(call, "spaceId"), (id) => {
    const space = call.world.spaces.find((space) => space.id === id)
    return space === undefined ? notFound("Space", id) : Effect.succeed(space)
  })
