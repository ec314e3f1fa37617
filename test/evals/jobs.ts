import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../../src/tools/Tool.ts"
import type { Job } from "./Job.ts"
import {
  agents,
  allRuns,
  allSchedules,
  charges,
  credits,
  fileOf,
  files,
  isActive,
  isFailed,
  records,
  runs,
  writes
} from "./truth.ts"

const number = Schema.optional(Schema.Number)
const text = Schema.optional(Schema.String)

/** Reads what an assistant looks at in a result. */
const see =
  <A, I>(schema: Schema.Schema<A, I>) =>
  (result: JsonObject) =>
    Schema.decodeUnknownSync(schema)(result)

const seeRuns = see(
  Schema.Struct({
    runs: Schema.Array(
      Schema.Struct({
        agentId: number,
        agentName: text,
        runId: Schema.Number,
        status: Schema.String,
        created: text,
        startTime: text,
        dataCount: number,
        errorCount: number,
        message: text,
        cost: number
      })
    )
  })
)
const seeCauses = see(
  Schema.Struct({
    causes: Schema.Array(
      Schema.Struct({ message: Schema.String, runIds: Schema.Array(Schema.Number), count: Schema.Number })
    )
  })
)
const seeAgents = see(
  Schema.Struct({
    agents: Schema.Array(Schema.Struct({ agentId: Schema.Number, name: Schema.String, status: text, configType: text }))
  })
)
const seeStarted = see(Schema.Struct({ run: Schema.Struct({ runId: Schema.Number, status: Schema.String }) }))
const seeSpace = see(Schema.Struct({ spaceId: Schema.Number, name: Schema.String }))
const seeStartedAll = see(
  Schema.Struct({
    results: Schema.Array(Schema.Struct({ agentId: Schema.Number, runId: number, success: Schema.Boolean }))
  })
)
const seeSchedules = see(
  Schema.Struct({
    schedules: Schema.Array(
      Schema.Struct({
        agentId: Schema.Number,
        scheduleId: Schema.Number,
        scheduleType: Schema.String,
        cronExpression: text,
        isEnabled: Schema.Boolean
      })
    )
  })
)
const seeScheduled = see(
  Schema.Struct({
    scheduledRuns: Schema.Array(Schema.Struct({ agentId: Schema.Number, nextRunTime: Schema.String }))
  })
)
const seeUsage = see(
  Schema.Struct({
    agents: Schema.Array(
      Schema.Struct({
        agentId: Schema.Number,
        agentName: Schema.String,
        cost: Schema.Number,
        runs: number,
        costPer1000Records: number
      })
    )
  })
)
const seeBalance = see(Schema.Struct({ availableCredits: Schema.Number }))
const seeRows = see(
  Schema.Struct({ columns: Schema.Array(Schema.Unknown), rows: Schema.Array(Schema.Array(Schema.Unknown)) })
)
const seeCsv = see(Schema.Struct({ csv: Schema.String }))
const seeColumns = see(
  Schema.Struct({
    agents: Schema.Array(
      Schema.Struct({
        agentId: Schema.Number,
        columns: Schema.Record({ key: Schema.String, value: Schema.String })
      })
    )
  })
)
const seeLog = see(Schema.Struct({ lines: Schema.Array(Schema.Unknown) }))
const seeNotice = see(Schema.Struct({ notice: Schema.String }))

const now = Date.parse("2026-03-11T12:00:00Z")
const hour = 3_600_000

const inOrder = (texts: ReadonlyArray<string>) => [...new Set(texts)].sort()

/** A schedule that runs each night at one time: its minute and hour. */
const nightly = (cron: string | undefined) => {
  const [, minute = "", at = ""] = /^(\d+) (\d+) \* \* \*$/u.exec(cron ?? "") ?? []
  return at !== "" && (Number(at) < 5 || Number(at) >= 22) ? { minute, at: Number(at) } : undefined
}

const anHourLater = (cron: string | undefined) => {
  const time = nightly(cron)
  return time === undefined ? undefined : `${time.minute} ${(time.at + 1) % 24} * * *`
}

/** Hour and minute, day of month, month and day of week of an instant in a zone. */
const clockIn = (zone: string) => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    minute: "numeric",
    hour: "numeric",
    day: "numeric",
    month: "numeric",
    weekday: "short"
  })
  return (at: number) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(parts.get("weekday") ?? "")
    return [parts.get("minute"), parts.get("hour"), parts.get("day"), parts.get("month"), weekday].map(Number)
  }
}

/** Whether a value fits a field of a cron expression. */
const fitsField = (field: string, value: number) =>
  field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/")
    const [from = "0", to] = range === "*" ? ["0", "59"] : range.split("-")
    const last = to ?? (part.includes("/") ? "59" : from)
    return value >= Number(from) && value <= Number(last) && (value - Number(from)) % Number(step) === 0
  })

/** The names of columns in the first line of a CSV text, or in the first row of JSON. */
const headerOf = (body: unknown): ReadonlyArray<string> => {
  const [row] = Array.isArray(body) ? body : [body]
  if (typeof row === "object" && row !== null) return Object.keys(row)
  const line =
    String(row)
      .replace(/^\uFEFF/u, "")
      .split(/\r?\n/u, 1)[0] ?? ""
  return line.startsWith("{") ? Object.keys(Object(JSON.parse(line))) : [line]
}

/** The words in names of columns, each once: without quotes, and without the number of a name that comes twice. */
const inWords = (names: ReadonlyArray<string>) =>
  [...new Set(names.flatMap((name) => name.replace(/_\d+$/u, "").match(/[\p{L}\d]+/gu) ?? []))].sort().join(" ")

/** The minutes of a period in which a cron expression is due, one by one. */
const dueMinutes = (cron: string, zone: string, from: number, until: number): ReadonlyArray<number> => {
  const fields = cron.split(" ")
  const at = clockIn(zone)
  return Array.from({ length: (until - from) / 60_000 }, (_, index) => from + index * 60_000).filter((time) =>
    at(time).every((value, index) => fitsField(fields[index] ?? "*", value))
  )
}

const periodMillis: Readonly<Record<number, number>> = { 1: 60_000, 2: hour, 3: 24 * hour, 4: 168 * hour }

/** From thirty days ago, as the tools take it, and from the first of the month. */
const month = { from: "2026-02-10", until: "2026-03-11" }

const monthToDate = { from: "2026-03-01", until: "2026-03-11" }

const retailAgents = 101

export const jobs: ReadonlyArray<Job> = [
  {
    request: "Which of my scrapers failed yesterday, and why?",
    mayTake: 2,
    uses: ["find_runs"],
    right: (ask) =>
      Effect.map(allRuns(ask), (found) => ({
        // In Berlin it is one hour later than in UTC.
        answer: inOrder(
          found
            .filter(({ startTime, status }) => {
              const at = Date.parse(startTime ?? "")
              return isFailed(status) && at >= Date.parse("2026-03-09T23:00Z") && at < Date.parse("2026-03-10T23:00Z")
            })
            .map(({ agent, message }) => `${agent.name}: ${message ?? ""}`)
        )
      })),
    assistant: (use) =>
      Effect.map(
        use("find_runs", { status: ["Failure", "Failed"], period: "yesterday", timezone: "Europe/Berlin" }),
        (result) => {
          const { causes } = seeCauses(result)
          return inOrder(
            seeRuns(result).runs.map(({ agentName, runId }) => {
              const cause = causes.find(({ runIds }) => runIds.includes(runId))
              return `${agentName ?? ""}: ${cause?.message ?? ""}`
            })
          )
        }
      )
  },

  {
    request: "Run the laptop prices one and tell me the cheapest five that are available",
    mayTake: 4,
    uses: ["search_agents", "start_agent", "query_run_data"],
    right: (ask) =>
      Effect.succeed({
        answerAfter: () =>
          Effect.gen(function* () {
            const [newest] = yield* runs(ask, 4102)
            const rows = yield* fileOf(ask, 4102, newest?.id ?? 0, ".json")
            const laptops = Schema.decodeUnknownSync(
              Schema.Array(Schema.Struct({ name: Schema.String, price: Schema.Number, available: Schema.Boolean }))
            )(rows)
            const cheapest = laptops
              .filter(({ available }) => available)
              .sort((left, right) => left.price - right.price)
              .slice(0, 5)
              .map(({ price }) => price)
            return cheapest
          })
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const [agent] = seeAgents(yield* use("search_agents", { query: "laptop prices" })).agents
        const { run } = seeStarted(
          yield* use("start_agent", { agentId: agent?.agentId, waitSeconds: 45, startAnother: false })
        )
        const result = yield* use("query_run_data", {
          sql: "SELECT name, price FROM data WHERE lower(available) IN ('true', '1') ORDER BY price LIMIT 5",
          tables: [{ agentId: agent?.agentId, runId: run.runId }]
        })
        return seeRows(result).rows.map(([, price]) => price)
      })
  },

  {
    request: "Move every nightly schedule one hour later",
    mayTake: 3,
    uses: ["list_agent_schedules", "update_agent_schedule"],
    right: (ask) =>
      Effect.map(allSchedules(ask), (before) => ({
        answer: before.filter(({ schedule }) => nightly(schedule ?? undefined) !== undefined).length,
        changes: before.filter(({ schedule }) => nightly(schedule ?? undefined) !== undefined).length,
        after: () =>
          Effect.map(allSchedules(ask), (after) => ({
            came: after.map(({ id, isEnabled, schedule }) => [id, schedule, isEnabled]),
            right: before.map(({ id, isEnabled, schedule }) => [
              id,
              anHourLater(schedule ?? undefined) ?? schedule,
              isEnabled
            ])
          }))
      })),
    assistant: (use) =>
      Effect.gen(function* () {
        const { schedules: all } = seeSchedules(yield* use("list_agent_schedules"))
        const moved = all.flatMap(({ agentId, cronExpression, scheduleId }) => {
          const later = anHourLater(cronExpression)
          return later === undefined ? [] : [{ agentId, scheduleId, cronExpression: later }]
        })
        yield* Effect.forEach(moved, (change) => use("update_agent_schedule", change))
        return moved.length
      })
  },

  {
    request: "Is anything running? Stop what has been running for more than an hour",
    mayTake: 1,
    uses: ["find_runs", "stop_agent"],
    right: (ask) =>
      Effect.map(allRuns(ask), (before) => {
        const active = before.filter(({ status }) => isActive(status))
        const long = active.filter(({ startTime }) => now - Date.parse(startTime ?? "") > hour)
        return {
          answer: active.map(({ id }) => id).sort(),
          changes: long.length,
          after: () =>
            Effect.map(allRuns(ask), (after) => ({
              came: after
                .filter(({ status }) => status === 5 || status === 8)
                .map(({ id }) => id)
                .sort(),
              right: [...before.filter(({ status }) => status === 8), ...long].map(({ id }) => id).sort()
            }))
        }
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const status = ["Running", "Exporting", "Starting", "Queuing", "Stopping", "Waiting"]
        const { runs: active } = seeRuns(yield* use("find_runs", { status }))
        const long = active.filter(({ startTime }) => now - Date.parse(startTime ?? "") > hour)
        yield* Effect.forEach(long, ({ agentId, runId }) => use("stop_agent", { agentId, runId }))
        return active.map(({ runId }) => runId).sort()
      })
  },

  {
    request: "What will run tomorrow between 6 and 9, and would my credits last for it?",
    mayTake: 3,
    uses: ["get_scheduled_runs.period", "get_agents_usage.includeRecords", "get_credits_balance"],
    right: (ask) =>
      Effect.gen(function* () {
        const from = Date.parse("2026-03-12T06:00:00Z")
        const until = Date.parse("2026-03-12T09:00:00Z")
        const enabled = (yield* allSchedules(ask)).filter(({ isEnabled }) => isEnabled)
        const starts = enabled.flatMap(
          ({ agentId, nextRunTime, runEveryCount, runEveryPeriod, schedule, scheduleType, timezone }) => {
            if (scheduleType === 3) {
              return dueMinutes(schedule ?? "", timezone ?? "UTC", from, until).map((at) => ({ agentId, at }))
            }
            const next = Date.parse(nextRunTime ?? "")
            const step = (runEveryCount ?? 0) * (periodMillis[runEveryPeriod ?? 0] ?? 0)
            return Array.from({ length: scheduleType === 2 ? 1000 : 1 }, (_, index) => next + index * step)
              .filter((at) => at >= from && at < until)
              .map((at) => ({ agentId, at }))
          }
        )
        const costs = yield* Effect.forEach(starts, ({ agentId }) =>
          Effect.map(charges(ask, agentId, month.from, month.until), ({ runs: charged, totalCost }) =>
            charged.length === 0 ? 0 : totalCost / charged.length
          )
        )
        const { availableCredits } = yield* credits(ask)
        return {
          answer: {
            starts: starts.map(({ agentId, at }) => `${agentId} ${new Date(at).toISOString()}`).sort(),
            lasts: costs.reduce((sum, cost) => sum + cost, 0) <= availableCredits
          }
        }
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const { scheduledRuns } = seeScheduled(
          yield* use("get_scheduled_runs", { startDate: "2026-03-12T06:00:00Z", endDate: "2026-03-12T08:59:59Z" })
        )
        const { agents: usage } = seeUsage(
          yield* use("get_agents_usage", { period: "last30Days", includeRecords: true, recordsPerPage: 100 })
        )
        const { availableCredits } = seeBalance(yield* use("get_credits_balance"))
        const costs = scheduledRuns.map(({ agentId }) => {
          const used = usage.find((one) => one.agentId === agentId)
          return used === undefined ? 0 : used.cost / Math.max(1, used.runs ?? 1)
        })
        return {
          starts: scheduledRuns
            .map(({ agentId, nextRunTime }) => `${agentId} ${new Date(nextRunTime).toISOString()}`)
            .sort(),
          lasts: costs.reduce((sum, cost) => sum + cost, 0) <= availableCredits
        }
      })
  },

  {
    request: "Run everything in the retail space, wait, one table of outcome, records, cost",
    mayTake: 3,
    uses: ["search_space_by_name", "run_space_agents", "wait_for_run.includeCost"],
    right: (ask) =>
      Effect.succeed({
        answerAfter: () =>
          Effect.gen(function* () {
            const inSpace = (yield* agents(ask)).filter(({ spaceId }) => spaceId === retailAgents)
            const right = yield* Effect.forEach(inSpace, ({ id }) =>
              Effect.gen(function* () {
                const [newest] = yield* runs(ask, id)
                const { runs: charged } = yield* charges(ask, id, monthToDate.from, "2026-03-12")
                const cost = charged.find(({ runId }) => runId === newest?.id)?.cost
                return [newest?.id ?? 0, newest?.status ?? 0, newest?.dataCount ?? 0, cost ?? 0]
              })
            )
            return right.sort((left, right) => (left[0] ?? 0) - (right[0] ?? 0))
          })
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const { spaceId } = seeSpace(yield* use("search_space_by_name", { name: "retail" }))
        const { results } = seeStartedAll(yield* use("run_space_agents", { spaceId }))
        const started = results.flatMap(({ agentId, runId }) => (runId === undefined ? [] : [{ agentId, runId }]))
        const { runs: rows } = seeRuns(
          yield* use("wait_for_run", { runs: started, includeCost: true, timeoutSeconds: 45 })
        )
        const codes: Readonly<Record<string, number>> = { Failure: 6, Completed: 9, Success: 10 }
        return rows
          .map(({ cost, dataCount, runId, status }) => [runId, codes[status] ?? 0, dataCount ?? 0, cost ?? 0])
          .sort((left, right) => (left[0] ?? 0) - (right[0] ?? 0))
      })
  },

  {
    request: "Which agent is the worst value, by cost of 1,000 records?",
    mayTake: 1,
    uses: ["get_agents_usage.includeRecords"],
    right: (ask) =>
      Effect.gen(function* () {
        const values = yield* Effect.forEach(yield* agents(ask), ({ id, name }) =>
          Effect.gen(function* () {
            const { totalCost } = yield* charges(ask, id, monthToDate.from, monthToDate.until)
            const { totalRecordsExtracted } = yield* records(ask, id, monthToDate.from, monthToDate.until)
            return { name, value: totalRecordsExtracted === 0 ? 0 : (totalCost / totalRecordsExtracted) * 1000 }
          })
        )
        return { answer: [...values].sort((left, right) => right.value - left.value)[0]?.name }
      }),
    assistant: (use) =>
      Effect.map(use("get_agents_usage", { includeRecords: true, recordsPerPage: 100 }), (result) => {
        const { agents: usage } = seeUsage(result)
        return [...usage].sort((left, right) => (right.costPer1000Records ?? 0) - (left.costPer1000Records ?? 0))[0]
          ?.agentName
      })
  },

  {
    request: "Give me the whole latest exchange-rate output as CSV",
    mayTake: 2,
    uses: ["search_agents", "preview_run_file.format"],
    right: (ask) =>
      Effect.gen(function* () {
        const [newest] = (yield* runs(ask, 4302)).filter(({ status }) => status === 9 || status === 10)
        const csv = yield* fileOf(ask, 4302, newest?.id ?? 0, ".csv")
        return { answer: String(csv).trim().split(/\r?\n/u) }
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const [agent] = seeAgents(yield* use("search_agents", { query: "exchange-rate" })).agents
        const result = yield* use("preview_run_file", { agentId: agent?.agentId, format: "csv", maxRows: 200 })
        return seeCsv(result).csv.trim().split(/\r?\n/u)
      })
  },

  {
    request: "Compare the last good and the last bad run of the grocery agent",
    mayTake: 3,
    uses: ["search_agents", "get_agent_runs", "read_run_log"],
    right: (ask) =>
      Effect.gen(function* () {
        const ended = (yield* runs(ask, 4103)).filter(({ status }) => status === 9 || status === 10)
        const good = ended.find(({ errorCount }) => errorCount === 0)
        const bad = ended.find(({ errorCount }) => errorCount > 0)
        const log = String(yield* fileOf(ask, 4103, bad?.id ?? 0, ".log"))
        return {
          answer: {
            good: [good?.id, good?.dataCount],
            bad: [bad?.id, bad?.dataCount, bad?.errorCount],
            complaints: log.split("\n").filter((line) => /\[(?:Fatal|Error|Warning)\]/u.test(line)).length
          }
        }
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const [agent] = seeAgents(yield* use("search_agents", { query: "grocery" })).agents
        const { runs: listed } = seeRuns(
          yield* use("get_agent_runs", { agentId: agent?.agentId, status: ["Completed", "Success"], maxRecords: 20 })
        )
        const good = listed.find(({ errorCount = 0 }) => errorCount === 0)
        const bad = listed.find(({ errorCount = 0 }) => errorCount > 0)
        const log = yield* use("read_run_log", {
          agentId: agent?.agentId,
          runId: bad?.runId,
          level: "Warning",
          lines: 500
        })
        return {
          good: [good?.runId, good?.dataCount],
          bad: [bad?.runId, bad?.dataCount, bad?.errorCount],
          complaints: seeLog(log).lines.length
        }
      })
  },

  {
    request: "Find the column names of every agent's latest output",
    mayTake: 3,
    uses: ["list_agents", "preview_run_file.agentIds"],
    right: (ask) =>
      Effect.gen(function* () {
        const withTables = yield* Effect.forEach(yield* agents(ask), ({ id, name }) =>
          Effect.gen(function* () {
            const newest = (yield* runs(ask, id)).find(
              ({ dataCount, status }) => (status === 9 || status === 10) && dataCount > 0
            )
            if (newest === undefined) return []
            const found = yield* files(ask, id, newest.id)
            const file = [".csv", ".json", ".jsonl", ".ndjson"].flatMap(
              (ending) => found.find((one) => one.name.endsWith(ending)) ?? []
            )[0]
            const body = yield* ask("GET", `/agent/${id}/run/${newest.id}/file/${file?.id ?? 0}/download`)
            return [`${name}: ${inWords(headerOf(body))}`]
          })
        )
        return { answer: withTables.flat().sort() }
      }),
    assistant: (use) =>
      Effect.gen(function* () {
        const listed = seeAgents(yield* use("list_agents", { recordsPerPage: 100 })).agents.filter(
          ({ configType, status }) => status !== "NeverRun" && (configType === "Agent" || configType === undefined)
        )
        const pages = [listed.slice(0, 20), listed.slice(20, 40)].filter((page) => page.length > 0)
        const results = yield* Effect.forEach(pages, (page) =>
          use("preview_run_file", { agentIds: page.map(({ agentId }) => agentId) })
        )
        const names = new Map(listed.map(({ agentId, name }) => [agentId, name]))
        return results
          .flatMap((result) => seeColumns(result).agents)
          .filter(({ columns }) => Object.keys(columns).length > 0)
          .map(({ agentId, columns }) => `${names.get(agentId) ?? ""}: ${inWords(Object.keys(columns))}`)
          .sort()
      })
  },

  {
    request: "Show failures grouped by cause over seven days",
    mayTake: 1,
    uses: ["find_runs"],
    right: (ask) =>
      Effect.map(allRuns(ask), (found) => {
        const counts = new Map<string, number>()
        for (const { errorCount, message, startTime, status } of found) {
          const isBad = isFailed(status) || ((status === 9 || status === 10) && errorCount > 0)
          if (!isBad || !(Date.parse(startTime ?? "") >= Date.parse("2026-03-05T00:00Z"))) continue
          counts.set(message ?? "", (counts.get(message ?? "") ?? 0) + 1)
        }
        return { answer: [...counts].map(([message, count]) => `${count} ${message}`).sort() }
      }),
    assistant: (use) =>
      Effect.map(
        use("find_runs", { status: ["Failure", "Failed", "Completed", "Success"], period: "last7Days", maxRecords: 1 }),
        (result) =>
          seeCauses(result)
            .causes.map(({ count, message }) => `${count} ${message}`)
            .sort()
      )
  },

  {
    request: "The client timed out when I started the weather agent: did it start?",
    mayTake: 2,
    uses: ["search_agents", "get_agent_runs"],
    right: (ask) =>
      Effect.gen(function* () {
        yield* ask("POST", "/agent/4401/start", {})
        const [newest] = yield* runs(ask, 4401)
        return { answer: { runId: newest?.id, at: newest?.startTime ?? newest?.created } }
      }).pipe(Effect.map(({ answer }) => ({ answer: { ...answer, at: new Date(answer.at ?? "").toISOString() } }))),
    assistant: (use) =>
      Effect.gen(function* () {
        const [agent] = seeAgents(yield* use("search_agents", { query: "weather" })).agents
        const [newest] = seeRuns(yield* use("get_agent_runs", { agentId: agent?.agentId, maxRecords: 3 })).runs
        return { runId: newest?.runId, at: new Date(newest?.startTime ?? newest?.created ?? "").toISOString() }
      })
  },

  {
    request: "Build me a scraper for books",
    mayTake: 1,
    uses: ["start_agent_build"],
    right: (ask) =>
      Effect.map(writes(ask), (before) => ({
        answer: true,
        after: () => Effect.map(writes(ask), (after) => ({ came: after, right: before }))
      })),
    assistant: (use) =>
      Effect.map(use("start_agent_build", { prompt: "Build me a scraper for books" }), (result) =>
        /address|URL/u.test(seeNotice(result).notice)
      )
  },

  {
    request: 'Find the "laptop scraper", "exchange-rate", the "retail" space',
    mayTake: 3,
    uses: ["search_agents", "search_space_by_name"],
    right: () => Effect.succeed({ answer: [4102, 4302, retailAgents] }),
    assistant: (use) =>
      Effect.gen(function* () {
        const [laptops] = seeAgents(yield* use("search_agents", { query: "laptop scraper" })).agents
        const [rates] = seeAgents(yield* use("search_agents", { query: "exchange-rate" })).agents
        const { spaceId } = seeSpace(yield* use("search_space_by_name", { name: "retail" }))
        return [laptops?.agentId, rates?.agentId, spaceId]
      })
  }
]
