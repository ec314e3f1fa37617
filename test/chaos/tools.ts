import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { RealAnswer } from "../support/hostile/exchange.ts"

/** Asks the sandbox itself, as the caller of the case. The path is without `/api/v1`. */
export type AskSandbox = (method: string, path: string, body?: unknown) => Effect.Effect<RealAnswer>

/** A tool with its arguments for one account, and how to tell from the sandbox what a call did. */
export interface Prepared {
  readonly args: Readonly<Record<string, unknown>>
  /** Whether the state of the sandbox has changed as the tool says. Always false for a read. */
  readonly hasChanged: Effect.Effect<boolean>
  /** Whether what a result names was made by this call. */
  readonly isTrue: (structured: unknown) => Effect.Effect<boolean>
}

export interface Tool {
  readonly name: string
  /** The sandbox's name of the request that changes something; undefined for a read. */
  readonly route: string | undefined
  /** Whether Sequentum answers that request with data. */
  readonly carriesData: boolean
  /** Whether a second request does harm: it makes a second thing, or kills where the first one stops. */
  readonly mayDouble: boolean
  /** Whether its work goes on outside sockets, so that a virtual clock has to wait longer for it. */
  readonly isWorker: boolean
  readonly prepare: (ask: AskSandbox) => Effect.Effect<Prepared>
}

const parse =
  <A, I>(schema: Schema.Schema<A, I>) =>
  ({ body }: RealAnswer) =>
    Effect.orDie(Schema.decode(Schema.parseJson(schema))(body.toString()))

const Id = Schema.Struct({ id: Schema.Int })
const Ids = Schema.Array(Id)
const Run = Schema.Struct({ id: Schema.Int, status: Schema.Int })
const Versions = Schema.Array(Schema.Struct({ version: Schema.Int }))
const Schedule = Schema.Struct({ id: Schema.Int, name: Schema.String, isEnabled: Schema.Boolean })
const Build = Schema.Struct({ status: Schema.String })
const Session = Schema.Struct({ sessionId: Schema.String })
const Files = Schema.Array(Schema.Struct({ id: Schema.Int, name: Schema.String }))
const Stats = Schema.Struct({ byRoute: Schema.Record({ key: Schema.String, value: Schema.Int }) })

/** How many requests of a route the sandbox has carried out, by its own count. */
export const carriedOut = (ask: AskSandbox, route: string | undefined) =>
  Effect.map(Effect.flatMap(ask("GET", "/sandbox/stats"), parse(Stats)), ({ byRoute }) =>
    route === undefined ? 0 : (byRoute[route] ?? 0)
  )

const books = 4101
const laptops = 4102
const groceries = 4103
const retail = 101
const ended: ReadonlySet<number> = new Set([6, 7, 8, 9, 10, 11])
const stoppedByUser: ReadonlySet<number> = new Set([5, 8])

const runIds = (ask: AskSandbox, agentId: number) =>
  Effect.map(Effect.flatMap(ask("GET", `/agent/${agentId}/runs?maxRecords=1000`), parse(Ids)), (runs) =>
    runs.map(({ id }) => id)
  )

const without = (ids: ReadonlyArray<number>, known: ReadonlyArray<number>) => ids.filter((id) => !known.includes(id))

const status = (ask: AskSandbox, runId: number) =>
  Effect.flatMap(ask("GET", `/agent/${books}/run/${runId}/status`), parse(Run))

const startRun = (ask: AskSandbox) =>
  Effect.map(Effect.flatMap(ask("POST", `/agent/${books}/start`, {}), parse(Run)), ({ id }) => id)

const endedRun = (ask: AskSandbox) =>
  Effect.flatMap(Effect.flatMap(ask("GET", `/agent/${books}/runs`), parse(Schema.Array(Run))), (runs) =>
    Effect.orDie(Effect.fromNullable(runs.find((run) => ended.has(run.status))).pipe(Effect.map(({ id }) => id)))
  )

const schedules = (ask: AskSandbox, agentId: number) =>
  Effect.flatMap(ask("GET", `/agent/${agentId}/schedules`), parse(Schema.Array(Schedule)))

const firstSchedule = (ask: AskSandbox, agentId: number) =>
  Effect.flatMap(schedules(ask, agentId), ([first]) => Effect.orDie(Effect.fromNullable(first)))

const noClaim = () => Effect.succeed(true)

/** Reads an id out of a result, and looks whether it fits; a result without one claims nothing. */
const claim =
  <A, I>(schema: Schema.Schema<A, I>, fits: (claimed: A) => Effect.Effect<boolean>) =>
  (structured: unknown) =>
    Effect.matchEffect(Schema.decodeUnknown(schema)(structured), {
      onFailure: () => Effect.succeed(true),
      onSuccess: fits
    })

const StartedRun = Schema.Struct({ run: Schema.Struct({ runId: Schema.Number }) })
const StartedRuns = Schema.Struct({ results: Schema.Array(Schema.Struct({ runId: Schema.optional(Schema.Number) })) })
const CreatedSchedule = Schema.Struct({ scheduleId: Schema.Number })

const write = (name: string, route: string, prepare: Tool["prepare"], more: Partial<Tool> = {}): Tool => ({
  name,
  route,
  carriesData: false,
  mayDouble: false,
  isWorker: false,
  prepare,
  ...more
})

const read = (
  name: string,
  prepare: (ask: AskSandbox) => Effect.Effect<Prepared["args"]>,
  more: Partial<Tool> = {}
): Tool => ({
  name,
  route: undefined,
  carriesData: true,
  mayDouble: false,
  isWorker: false,
  prepare: (ask) => Effect.map(prepare(ask), (args) => ({ args, hasChanged: Effect.succeed(false), isTrue: noClaim })),
  ...more
})

const ending = (name: string, verb: string, more: Partial<Tool>) =>
  write(
    name,
    `POST /agent/{agentId}/run/{runId}/${verb}`,
    (ask) =>
      Effect.map(startRun(ask), (runId) => ({
        args: { agentId: books, runId },
        hasChanged: Effect.map(status(ask, runId), (run) => stoppedByUser.has(run.status)),
        isTrue: noClaim
      })),
    more
  )

const switching = (name: string, verb: string, agentId: number, isEnabled: boolean) =>
  write(name, `POST /agent/{agentId}/schedules/{scheduleId}/${verb}`, (ask) =>
    Effect.map(firstSchedule(ask, agentId), ({ id }) => ({
      args: { agentId, scheduleId: id },
      hasChanged: Effect.map(firstSchedule(ask, agentId), (schedule) => schedule.isEnabled === isEnabled),
      isTrue: noClaim
    }))
  )

export const writes: ReadonlyArray<Tool> = [
  write(
    "start_agent",
    "POST /agent/{agentId}/start",
    (ask) =>
      Effect.map(runIds(ask, books), (known) => ({
        args: { agentId: books },
        hasChanged: Effect.map(runIds(ask, books), (ids) => without(ids, known).length > 0),
        isTrue: claim(StartedRun, ({ run }) =>
          Effect.map(runIds(ask, books), (ids) => without(ids, known).includes(run.runId))
        )
      })),
    { carriesData: true, mayDouble: true }
  ),
  ending("stop_agent", "stop", {}),
  ending("kill_agent", "kill", { mayDouble: true }),
  write("delete_run", "DELETE /agent/{agentId}/run/{runId}", (ask) =>
    Effect.map(endedRun(ask), (runId) => ({
      args: { agentId: books, runId },
      hasChanged: Effect.map(runIds(ask, books), (ids) => !ids.includes(runId)),
      isTrue: noClaim
    }))
  ),
  write(
    "restore_agent_version",
    "POST /agent/{agentId}/version/{versionNumber}/restore",
    (ask) => {
      const count = Effect.map(
        Effect.flatMap(ask("GET", `/agent/${books}/versions`), parse(Versions)),
        (versions) => versions.length
      )
      return Effect.map(count, (known) => ({
        args: { agentId: books, versionNumber: 2, comments: "The new menu is broken" },
        hasChanged: Effect.map(count, (versions) => versions > known),
        isTrue: noClaim
      }))
    },
    { mayDouble: true }
  ),
  write(
    "create_agent_schedule",
    "POST /agent/{agentId}/schedules",
    (ask) =>
      Effect.map(
        Effect.map(schedules(ask, groceries), (list) => list.map(({ id }) => id)),
        (known) => {
          const made = Effect.map(schedules(ask, groceries), (list) =>
            without(
              list.map(({ id }) => id),
              known
            )
          )
          return {
            args: { agentId: groceries, name: "Nightly", scheduleType: 3, cronExpression: "0 2 * * *" },
            hasChanged: Effect.map(made, (ids) => ids.length > 0),
            isTrue: claim(CreatedSchedule, ({ scheduleId }) => Effect.map(made, (ids) => ids.includes(scheduleId)))
          }
        }
      ),
    { carriesData: true, mayDouble: true }
  ),
  write(
    "update_agent_schedule",
    "PUT /agent/{agentId}/schedules/{scheduleId}",
    (ask) =>
      Effect.map(firstSchedule(ask, laptops), ({ id }) => ({
        args: { agentId: laptops, scheduleId: id, name: "Each morning" },
        hasChanged: Effect.map(firstSchedule(ask, laptops), ({ name }) => name === "Each morning"),
        isTrue: noClaim
      })),
    { carriesData: true }
  ),
  switching("enable_agent_schedule", "enable", groceries, true),
  switching("disable_agent_schedule", "disable", laptops, false),
  write("delete_agent_schedule", "DELETE /agent/{agentId}/schedules/{scheduleId}", (ask) =>
    Effect.map(firstSchedule(ask, laptops), ({ id }) => ({
      args: { agentId: laptops, scheduleId: id },
      hasChanged: Effect.map(schedules(ask, laptops), (list) => list.length === 0),
      isTrue: noClaim
    }))
  ),
  write(
    "run_space_agents",
    "POST /spaces/{spaceId}/run-all",
    (ask) => {
      const all = Effect.flatMap(ask("GET", `/spaces/${retail}/agents`), parse(Ids)).pipe(
        Effect.flatMap((agents) => Effect.forEach(agents, ({ id }) => runIds(ask, id))),
        Effect.map((ids) => ids.flat())
      )
      return Effect.map(all, (known) => {
        const made = Effect.map(all, (ids) => without(ids, known))
        return {
          args: { spaceId: retail },
          hasChanged: Effect.map(made, (ids) => ids.length > 0),
          isTrue: claim(StartedRuns, ({ results }) =>
            Effect.map(made, (ids) => results.every(({ runId }) => runId === undefined || ids.includes(runId)))
          )
        }
      })
    },
    { carriesData: true, mayDouble: true }
  ),
  write(
    "start_agent_build",
    "POST /agent-builder/start",
    (ask) =>
      Effect.map(carriedOut(ask, "POST /agent-builder/start"), (known) => ({
        args: { prompt: "Get the title and the price of every book on https://books.example/catalogue/" },
        // Sessions can't be listed: this one is known by the sandbox's own count only.
        hasChanged: Effect.map(carriedOut(ask, "POST /agent-builder/start"), (count) => count > known),
        isTrue: claim(Session, ({ sessionId }) =>
          Effect.map(ask("GET", `/agent-builder/${sessionId}/status`), (answer) => answer.status === 200)
        )
      })),
    { carriesData: true, mayDouble: true }
  ),
  write("stop_agent_build", "POST /agent-builder/{sessionId}/stop", (ask) =>
    ask("POST", "/agent-builder/start", { prompt: "Get every job on https://jobs.example/search" }).pipe(
      Effect.flatMap(parse(Session)),
      Effect.map(({ sessionId }) => ({
        args: { sessionId },
        hasChanged: ask("GET", `/agent-builder/${sessionId}/status`).pipe(
          Effect.flatMap(parse(Build)),
          Effect.map((build) => build.status === "cancelled")
        ),
        isTrue: noClaim
      }))
    )
  )
]

export const reads: ReadonlyArray<Tool> = [
  read("get_agent", () => Effect.succeed({ agentId: books })),
  read("list_agents", () => Effect.succeed({})),
  read("get_agent_runs", () => Effect.succeed({ agentId: books })),
  read("get_run_status", (ask) => Effect.map(endedRun(ask), (runId) => ({ agentId: books, runId }))),
  read("get_credits_balance", () => Effect.succeed({})),
  read(
    "preview_run_file",
    (ask) =>
      Effect.flatMap(endedRun(ask), (runId) =>
        ask("GET", `/agent/${books}/run/${runId}/files`).pipe(
          Effect.flatMap(parse(Files)),
          Effect.flatMap((files) => Effect.orDie(Effect.fromNullable(files.find(({ name }) => name.endsWith(".csv"))))),
          Effect.map(({ id }) => ({ agentId: books, runId, fileId: id }))
        )
      ),
    { isWorker: true }
  )
]

export const tools: ReadonlyArray<Tool> = [...writes, ...reads]
