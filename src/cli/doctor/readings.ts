import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Agents } from "../../sequentum/Agents.ts"
import { Analytics } from "../../sequentum/Analytics.ts"
import { Billing } from "../../sequentum/Billing.ts"
import type { ApiPath } from "../../sequentum/client/apiPath.ts"
import { SequentumClient, type RequestOptions } from "../../sequentum/client/SequentumClient.ts"
import { unusable } from "../../sequentum/client/Upstream.ts"
import type { Credentials } from "../../sequentum/Credentials.ts"
import type { SequentumError } from "../../sequentum/errors.ts"
import { Files } from "../../sequentum/Files.ts"
import { Runs } from "../../sequentum/Runs.ts"
import { Schedules } from "../../sequentum/Schedules.ts"
import { Spaces } from "../../sequentum/Spaces.ts"
import { Versions } from "../../sequentum/Versions.ts"
import { compareWith, type Comparison } from "./contract.ts"

/** One endpoint and what reading it showed. */
export type Reading =
  | ({ readonly endpoint: string; readonly outcome: "read" } & Comparison)
  | { readonly endpoint: string; readonly outcome: "failed"; readonly error: SequentumError }
  | { readonly endpoint: string; readonly outcome: "skipped"; readonly why: string }

/** Collects the answers that come through a client. */
export interface Collected {
  /** Comparisons by endpoint. */
  readonly comparisons: Map<string, Comparison>
}

/** A path without its ids, which are data of an account. */
export const endpointOf = ({ path }: Pick<ApiPath, "path">): string =>
  `GET ${path.replaceAll(/\/[^/]*\d[^/]*(?=\/|$)/gu, "/{id}")}`

/**
 * A client whose every reading is compared with its Schema before it is decoded as always. Failures are told at once.
 */
export const comparingClient = ({ comparisons }: Collected): Layer.Layer<SequentumClient, never, SequentumClient> =>
  Layer.effect(
    SequentumClient,
    Effect.map(SequentumClient, (client) => {
      const compared = <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, answer: unknown) =>
        Effect.suspend(() => {
          comparisons.set(endpointOf(path), compareWith(schema.ast, answer))
          return Effect.mapError(Schema.decodeUnknown(schema)(answer), () =>
            unusable({ method: "GET", ...path }, 200, "another shape than documented")
          )
        })
      const options = (given: RequestOptions = {}): RequestOptions => ({ ...given, retry: false })
      return {
        ...client,
        get: (path, schema, given) =>
          Effect.flatMap(client.get(path, Schema.Unknown, options(given)), (answer) => compared(path, schema, answer)),
        getDated: (path, schema, given) =>
          Effect.flatMap(client.getDated(path, Schema.Unknown, options(given)), ({ date, value }) =>
            Effect.map(compared(path, schema, value), (decoded) => ({ date, value: decoded }))
          )
      }
    })
  )

/** Whether there is no way to Sequentum. */
export const isOffline = (error: SequentumError) => error._tag === "ConnectionFailed" || error._tag === "RequestTimeout"

/** Whether all other readings would fail as this one did. */
const isHopeless = (error: SequentumError) => isOffline(error) || error._tag === "Unauthorized"

type Call<A> = Effect.Effect<A, SequentumError, Credentials>

/**
 * Reads every endpoint that can be read, once. What there is nothing to read of is skipped, and says why. Without a
 * connection or with a bad key it stops after the first.
 */
export const readAll = ({ comparisons }: Collected) =>
  Effect.gen(function* () {
    const [agents, runs, files, versions, schedules, billing, spaces, analytics] = yield* Effect.all([
      Agents,
      Runs,
      Files,
      Versions,
      Schedules,
      Billing,
      Spaces,
      Analytics
    ])
    const readings: Array<Reading> = []

    const read = <A>(endpoint: string, call: Call<A>): Effect.Effect<Option.Option<A>, never, Credentials> =>
      Effect.match(call, {
        onSuccess: (value) => {
          const found = comparisons.get(endpoint) ?? { differences: [], neverSent: [] }
          readings.push({ endpoint, outcome: "read", ...found })
          return Option.some(value)
        },
        onFailure: (error) => {
          const found = comparisons.get(endpoint)
          if (found !== undefined) readings.push({ endpoint, outcome: "read", ...found })
          else readings.push({ endpoint, outcome: "failed", error })
          return Option.none()
        }
      })

    /** Reads what needs something that was read before. */
    const readOf = <A, B>(endpoint: string, of: Option.Option<B>, why: string, call: (of: B) => Call<A>) =>
      Option.match(of, {
        onNone: () => {
          readings.push({ endpoint, outcome: "skipped", why })
          return Effect.succeed(Option.none<A>())
        },
        onSome: (value) => read(endpoint, call(value))
      })

    const now = yield* DateTime.now
    const day = (offset: number) => DateTime.formatIsoDateUtc(DateTime.add(now, { days: offset }))
    const lastMonth = { startDate: day(-30), endDate: day(0) }
    const page = { pageIndex: 1, recordsPerPage: 50 }

    const listed = yield* read("GET /agent/all", agents.list(page))
    if (readings.some((one) => one.outcome === "failed" && isHopeless(one.error))) return readings
    const all = Option.match(listed, { onNone: () => [], onSome: (found) => found.agents })
    const ids = all.flatMap(({ id, status }) => (id === undefined ? [] : [{ id, hasRun: status !== undefined }]))
    const agentId = Option.map(
      Option.orElse(Option.fromNullable(ids.find(({ hasRun }) => hasRun)), () => Option.fromNullable(ids[0])),
      ({ id }) => id
    )
    const failing = Option.orElse(
      Option.fromNullable(all.find(({ status }) => status === "Failure" || status === "Failed")?.id),
      () => agentId
    )
    const noAgent = "no agent was found"

    yield* readOf("GET /agent/{id}", agentId, noAgent, agents.get)
    yield* read("GET /agent/search", agents.search("a", 50))
    yield* read("GET /agent/search/count", agents.searchCount("a"))
    yield* read("GET /agent/personal/count", agents.personalCount())

    const runList = yield* readOf("GET /agent/{id}/runs", agentId, noAgent, (id) => runs.list(id, 50))
    yield* readOf("GET /agent/{id}/runs/summary", agentId, noAgent, runs.summary)
    const run = Option.flatMap(Option.all([agentId, runList]), ([id, list]) =>
      Option.map(Option.fromNullable(list.find(({ dataCount }) => (dataCount ?? 0) > 0) ?? list[0]), (one) => ({
        agentId: id,
        runId: one.id
      }))
    )
    const noRun = "no run was found"
    yield* readOf("GET /agent/{id}/run/{id}/status", run, noRun, (one) => runs.status(one.agentId, one.runId))
    const fileList = yield* readOf("GET /agent/{id}/run/{id}/files", run, noRun, (one) =>
      files.list(one.agentId, one.runId)
    )
    const file = Option.flatMap(Option.all([run, fileList]), ([one, list]) =>
      Option.map(Option.fromNullable(list[0]), ({ id }) => ({ ...one, fileId: id }))
    )
    yield* readOf("GET /agent/{id}/run/{id}/file/{id}/download", file, "no file was found", (one) =>
      files.downloadUrl(one.agentId, one.runId, one.fileId)
    )

    yield* readOf("GET /agent/{id}/versions", agentId, noAgent, versions.list)
    // Few agents have a schedule: those of the upcoming runs do.
    const soon = yield* read(
      "GET /analytics/schedules/upcoming",
      schedules.upcoming({ startDate: day(0), endDate: day(7) })
    )
    const withSchedule = Option.orElse(
      Option.flatMap(soon, (list) => Option.fromNullable(list.find((one) => one.agentId !== undefined)?.agentId)),
      () => agentId
    )
    const scheduleList = yield* readOf("GET /agent/{id}/schedules", withSchedule, noAgent, schedules.list)
    const scheduled = Option.flatMap(Option.all([withSchedule, scheduleList]), ([id, list]) =>
      Option.map(Option.fromNullable(list[0]), (one) => ({ agentId: id, scheduleId: one.id }))
    )
    yield* readOf("GET /agent/{id}/schedules/{id}", scheduled, "no schedule was found", (one) =>
      schedules.get(one.agentId, one.scheduleId)
    )
    yield* read("GET /billing/credits", billing.credits())
    yield* read("GET /billing/spending", billing.spending(lastMonth))
    yield* read("GET /billing/history", billing.history(page))
    yield* read("GET /billing/agents", billing.agentsUsage({ ...lastMonth, ...page }))
    yield* readOf("GET /billing/agents/{id}", agentId, noAgent, (id) => billing.costBreakdown(id, lastMonth))
    yield* readOf("GET /billing/agents/{id}/runs", agentId, noAgent, (id) =>
      billing.runsCost(id, { ...lastMonth, ...page })
    )

    const spaceList = yield* read("GET /spaces", spaces.list())
    const space = Option.flatMap(spaceList, (list) => Option.fromNullable(list[0]))
    const noSpace = "no space was found"
    yield* readOf("GET /spaces/{id}", space, noSpace, ({ id }) => spaces.get(id))
    yield* readOf(
      "GET /spaces/search",
      Option.flatMap(space, ({ name }) => Option.fromNullable(name)),
      noSpace,
      spaces.searchByName
    )
    yield* readOf("GET /spaces/{id}/agents", space, noSpace, ({ id }) => spaces.agents(id))
    yield* readOf("GET /spaces/{id}/agents/count", space, noSpace, ({ id }) => spaces.agentCount(id))

    yield* read("GET /analytics/runs/summary", analytics.runs({ ...lastMonth, includeDetails: true }))
    yield* read("GET /analytics/records/summary", analytics.records(lastMonth))
    const failure = yield* readOf(
      "GET /analytics/agents/{id}/latest-failure",
      failing,
      noAgent,
      analytics.latestFailure
    )
    const diagnosed = Option.orElse(
      Option.map(Option.all([failing, Option.flatten(failure)]), ([id, { runId }]) => ({ agentId: id, runId })),
      () => run
    )
    yield* readOf("GET /analytics/agents/{id}/runs/{id}/diagnostics", diagnosed, noRun, (one) =>
      analytics.diagnostics(one.agentId, one.runId)
    )
    readings.push({
      endpoint: "GET /agent-builder/{id}/status",
      outcome: "skipped",
      why: "only a build has it, and building spends credits"
    })
    return readings
  })
