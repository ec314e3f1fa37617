import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import type { Account } from "./accounts.ts"
import * as Accounts from "./accounts.ts"
import { agentRoutes } from "./agents.ts"
import * as Downloads from "./downloads.ts"
import { ApiError, badRequest, errorResponse } from "./errors.ts"
import { filesOf } from "./files.ts"
import { windowMs } from "./limiter.ts"
import type { Route } from "./route.ts"
import { json } from "./route.ts"
import { runRoutes } from "./runRoutes.ts"
import { advance } from "./state.ts"

export interface ApiOptions {
  /** How many times faster than planned the simulated work goes. */
  readonly speed: number
  readonly rateLimitPerMinute: number
}

const prefix = "/api/v1"

const routes: ReadonlyArray<Route> = [...agentRoutes, ...runRoutes]

const pathOf = (request: HttpServerRequest.HttpServerRequest): string => request.url.split("?", 1)[0] ?? "/"

const notRouted = (request: HttpServerRequest.HttpServerRequest) =>
  new ApiError({ status: 404, code: "not_found", message: `There is no ${request.method} ${pathOf(request)}.` })

const unauthorized = new ApiError({
  status: 401,
  code: "unauthorized",
  message: "An Authorization header is needed: ApiKey <key> or Bearer <token>.",
  headers: { "www-authenticate": "Bearer" }
})

const forbidden = new ApiError({
  status: 403,
  code: "forbidden",
  message: "The signature of this URL is not valid, or the URL has expired."
})

const readBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<unknown, ApiError> =>
  request.method === "GET"
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
 * The whole sandbox as one HTTP app that never fails. All it does goes by the Clock of the fiber it runs in, so a test
 * can drive it with TestClock and without a socket.
 */
export const make = (options: ApiOptions): Effect.Effect<HttpApp.Default> =>
  Effect.sync(() => {
    const secret = randomBytes(32).toString("hex")
    const accounts = Accounts.make({ secret, ...options })
    const rateHeaders = {
      "x-ratelimit-limit": String(options.rateLimitPerMinute),
      "x-ratelimit-window-seconds": String(windowMs / 1000)
    }

    const authenticate = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Option.match(Accounts.credential(request.headers["authorization"]), {
        onNone: () => Effect.fail(unauthorized),
        onSome: (credential) => Effect.map(Clock.currentTimeMillis, (now) => accounts.open(credential, now))
      })
    )

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
          Effect.flatMap(authenticate, (account) => Effect.zipRight(account.limiter.admit, call(route, account)))
        )
      ),
      HttpRouter.makeRoute(
        "GET",
        "/sandbox/stats",
        Effect.map(authenticate, ({ stats }) =>
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
          const file = Option.fromNullable(Option.getOrUndefined(accounts.byId(signed.accountId))?.world).pipe(
            Option.flatMap((world) => {
              const run = world.runs.get(signed.runId)
              return Option.fromNullable(
                run === undefined ? undefined : filesOf(world, run).find((file) => file.id === signed.fileId)
              )
            })
          )
          return yield* Option.match(file, {
            onNone: () => Effect.fail(notRouted(request)),
            onSome: (file) => Effect.succeed(Downloads.respond(file, request.headers["range"]))
          })
        })
      )
    ])

    return Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const path = pathOf(request)
      const response = yield* app.pipe(
        Effect.catchTag("RouteNotFound", () =>
          path.startsWith(`${prefix}/`)
            ? Effect.flatMap(authenticate, (account) =>
                Effect.zipRight(account.limiter.admit, Effect.fail(notRouted(request)))
              )
            : Effect.fail(notRouted(request))
        ),
        Effect.catchTag("ApiError", (error) => Effect.succeed(errorResponse(error, path)))
      )
      return path.startsWith(`${prefix}/`) ? HttpServerResponse.setHeaders(response, rateHeaders) : response
    }).pipe(Effect.scoped)
  })
