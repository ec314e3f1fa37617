import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import type { Account } from "./accounts.ts"
import * as Accounts from "./accounts.ts"
import { agentRoutes } from "./agents.ts"
import { analyticsRoutes } from "./analytics.ts"
import { billingRoutes } from "./billing.ts"
import { builderRoutes } from "./builder.ts"
import * as Downloads from "./downloads.ts"
import { ApiError, badRequest, errorResponse } from "./errors.ts"
import { filesOf } from "./files.ts"
import { windowMs } from "./limiter.ts"
import type { Route } from "./route.ts"
import { json } from "./route.ts"
import { runRoutes } from "./runRoutes.ts"
import { scheduleRoutes } from "./schedules.ts"
import { spaceRoutes } from "./spaces.ts"
import type { FieldSet } from "./state.ts"
import { advance } from "./state.ts"
import { versionRoutes } from "./versions.ts"

export interface ApiOptions {
  /** Speed-up factor of simulated work. */
  readonly speed: number
  readonly rateLimitPerMinute: number
  /** Default production. */
  readonly fields?: FieldSet
  /** Number of agents in addition to the usual ones. Default 0. */
  readonly agents?: number
}

const prefix = "/api/v1"

const routes: ReadonlyArray<Route> = [
  ...agentRoutes,
  ...runRoutes,
  ...versionRoutes,
  ...scheduleRoutes,
  ...spaceRoutes,
  ...billingRoutes,
  ...analyticsRoutes,
  ...builderRoutes
]

const pathOf = (request: HttpServerRequest.HttpServerRequest): string => request.url.split("?", 1)[0] ?? "/"

const notRouted = (request: HttpServerRequest.HttpServerRequest) =>
  new ApiError({ status: 404, code: "not_found", message: `There is no ${request.method} ${pathOf(request)}.` })

const unauthorized = new ApiError({
  status: 401,
  code: "unauthorized",
  message: "An Authorization header is needed: ApiKey <key> or Bearer <token>.",
  headers: { "www-authenticate": "Bearer" }
})

const insufficientScope = (scope: string) =>
  new ApiError({
    status: 403,
    code: "insufficient_scope",
    message: `The access token lacks the scope ${scope}.`,
    headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"` }
  })

/** The OAuth scope that a route needs. A start of a run needs agents:write. */
const scopeOf = ({ method, path }: Route): string => {
  if (path.startsWith("/billing/")) return "billing:read"
  if (path.startsWith("/analytics/")) return "runs:read"
  if (/^\/(spaces|input-files)\b/.test(path)) return method === "GET" ? "spaces:read" : "spaces:write"
  if (method !== "GET") return "agents:write"
  return /^\/agent\/:agentId\/runs?\b/.test(path) ? "runs:read" : "agents:read"
}

const forbidden = new ApiError({
  status: 403,
  code: "forbidden",
  message: "The signature of this URL is not valid, or the URL has expired."
})

const isMultipart = (request: HttpServerRequest.HttpServerRequest): boolean =>
  request.headers["content-type"]?.toLowerCase().startsWith("multipart/form-data") ?? false

const readFiles = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<ReadonlyArray<string>, ApiError> =>
  isMultipart(request)
    ? request.multipartStream.pipe(
        Stream.mapEffect((part) =>
          part._tag === "File" && part.key === "files"
            ? Effect.as(Stream.runDrain(part.content), [part.name])
            : Effect.succeed([])
        ),
        Stream.runCollect,
        Effect.map((names) => [...names].flat()),
        Effect.catchTag("MultipartError", () => badRequest("The multipart body could not be read.")),
        Effect.filterOrElse(
          (names) => names.length > 0,
          () => badRequest("The field files holds no file.")
        )
      )
    : badRequest("A multipart/form-data body was expected.")

const readBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<unknown, ApiError> =>
  request.method === "GET" || isMultipart(request)
    ? Effect.succeed({})
    : request.text.pipe(
        Effect.catchAll(() => badRequest("The body could not be read.")),
        Effect.flatMap((text) =>
          text.trim() === ""
            ? Effect.succeed({})
            : Effect.catchAll(Schema.decode(Schema.parseJson())(text), () => badRequest("The body is not valid JSON."))
        )
      )

/**
 * The sandbox as one HTTP app that never fails. It takes all time from the Clock of its fiber, so a test can use
 * TestClock and needs no socket.
 */
export const make = (options: ApiOptions): Effect.Effect<HttpApp.Default> =>
  Effect.sync(() => {
    const secret = randomBytes(32).toString("hex")
    const accounts = Accounts.make({ secret, ...options })
    const rateHeaders = {
      "x-ratelimit-limit": String(options.rateLimitPerMinute),
      "x-ratelimit-window-seconds": String(windowMs / 1000)
    }

    const authenticate = (scope: string | null) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const now = yield* Clock.currentTimeMillis
        const credential = yield* Effect.mapError(
          Accounts.credential(request.headers["authorization"], now),
          () => unauthorized
        )
        return scope === null || Accounts.permits(credential, scope)
          ? accounts.open(credential, now)
          : yield* insufficientScope(scope)
      })

    const sync = ({ world }: Account) => Effect.map(Clock.currentTimeMillis, (now) => advance(world, now))

    const origin = (request: HttpServerRequest.HttpServerRequest) =>
      Option.match(HttpServerRequest.toURL(request), { onNone: () => "", onSome: (url) => url.origin })

    const call = (route: Route, account: Account) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const { params } = yield* HttpRouter.RouteContext
        const query = yield* HttpServerRequest.ParsedSearchParams
        const body = yield* readBody(request)
        const now = yield* Clock.currentTimeMillis
        advance(account.world, now)
        const response = yield* route.handle({
          world: account.world,
          advance: sync(account),
          params,
          query,
          body,
          files: Effect.suspend(() => readFiles(request)),
          signedUrl: (runId, fileId, name) =>
            `${origin(request)}${Downloads.sign(secret, { accountId: account.id, runId, fileId, name }, now)}`
        })
        if (route.method === "GET") account.stats.reads++
        else account.stats.writes++
        const name = `${route.method} ${route.path.replaceAll(/:(\w+)/g, "{$1}")}`
        account.stats.byRoute.set(name, (account.stats.byRoute.get(name) ?? 0) + 1)
        return response
      })

    const app = HttpRouter.fromIterable([
      ...routes.map((route) =>
        HttpRouter.makeRoute(
          route.method,
          `${prefix}${route.path}`,
          Effect.flatMap(authenticate(scopeOf(route)), (account) =>
            Effect.zipRight(account.limiter.admit, call(route, account))
          )
        )
      ),
      HttpRouter.makeRoute(
        "GET",
        "/sandbox/stats",
        Effect.map(authenticate(null), ({ stats }) =>
          json({ reads: stats.reads, writes: stats.writes, byRoute: Object.fromEntries(stats.byRoute) })
        )
      ),
      HttpRouter.makeRoute(
        "GET",
        "/files/:accountId/:runId/:fileId/:name",
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const { params } = yield* HttpRouter.RouteContext
          const query = yield* HttpServerRequest.ParsedSearchParams
          const now = yield* Clock.currentTimeMillis
          const signed = {
            accountId: params["accountId"] ?? "",
            runId: Number(params["runId"]),
            fileId: Number(params["fileId"]),
            name: params["name"] ?? ""
          }
          if (!Downloads.verify(secret, signed, String(query["expires"]), String(query["signature"]), now)) {
            return yield* forbidden
          }
          const world = accounts.byId(signed.accountId)?.world
          const run = world?.runs.get(signed.runId)
          const file =
            world === undefined || run === undefined
              ? undefined
              : filesOf(world, run).find(({ id }) => id === signed.fileId)
          return file === undefined ? yield* notRouted(request) : Downloads.respond(file, request.headers["range"])
        })
      )
    ])

    return Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const path = pathOf(request)
      const response = yield* app.pipe(
        Effect.catchTag("RouteNotFound", () =>
          path.startsWith(`${prefix}/`)
            ? Effect.flatMap(authenticate(null), (account) =>
                Effect.zipRight(account.limiter.admit, Effect.fail(notRouted(request)))
              )
            : Effect.fail(notRouted(request))
        ),
        Effect.catchTag("ApiError", (error) => Effect.succeed(errorResponse(error, path)))
      )
      return path.startsWith(`${prefix}/`) ? HttpServerResponse.setHeaders(response, rateHeaders) : response
    }).pipe(Effect.scoped)
  })
