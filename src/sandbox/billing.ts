import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ApiError } from "./errors.ts"
import { badRequest } from "./errors.ts"
import { maybe, read, wholeText } from "./input.ts"
import { balance, toCredits } from "./ledger.ts"
import type { Period } from "./period.ts"
import { dayStart, periodFields, readPeriod, weekStart, within } from "./period.ts"
import type { Route } from "./route.ts"
import { agentInPath, json } from "./route.ts"
import type { Usage, UsageType, World } from "./state.ts"
import { days, iso, isoOrNull } from "./state.ts"

const usageTypes: ReadonlyArray<UsageType> = [
  "RunUsage",
  "ExportDataBandwidth",
  "ExportDataCpm",
  "InputCount",
  "ProxyUsage",
  "AgentBuilder"
]

/** The dashboard's names for some types. A filter accepts both names. */
const dashboardNames: Readonly<Record<string, UsageType>> = {
  "server time": "RunUsage",
  "export gb": "ExportDataBandwidth",
  "export cpm": "ExportDataCpm",
  "agent inputs": "InputCount",
  "proxy data": "ProxyUsage"
}

const readUsageTypes = (text: string | null | undefined): Effect.Effect<ReadonlyArray<UsageType>, ApiError> =>
  text === null || text === undefined || text.trim() === ""
    ? Effect.succeed(usageTypes)
    : Effect.forEach(text.split(","), (part) => {
        const name = part.trim().toLowerCase()
        const type = usageTypes.find((type) => type.toLowerCase() === name) ?? dashboardNames[name]
        return type === undefined ? badRequest(`usageTypes: ${part.trim()} is not a usage type.`) : Effect.succeed(type)
      })

const sum = (used: ReadonlyArray<Usage>): number => used.reduce((total, usage) => total + usage.amount, 0)

const used = (world: World, period: Period, types: ReadonlyArray<UsageType> = usageTypes): ReadonlyArray<Usage> =>
  world.usage.filter((usage) => within(period, usage.at) && types.includes(usage.type))

const thisWeek = (world: World): Period => ({ from: weekStart(world.now), to: world.now })

const dates = ({ from, to }: Period) => ({ startDate: iso(from), endDate: iso(to) })

const paging = (max: number) => ({ pageIndex: maybe(wholeText(1)), recordsPerPage: maybe(wholeText(1, max)) })

const page = <A>(
  rows: ReadonlyArray<A>,
  query: { readonly pageIndex?: number | null | undefined; readonly recordsPerPage?: number | null | undefined }
) => {
  const pageIndex = query.pageIndex ?? 1
  const recordsPerPage = query.recordsPerPage ?? 50
  const from = (pageIndex - 1) * recordsPerPage
  return { rows: rows.slice(from, from + recordsPerPage), pageIndex, recordsPerPage }
}

const direction = (sortOrder: number | null | undefined): number => (sortOrder === 1 ? -1 : 1)

const column = <const A extends readonly [string, ...ReadonlyArray<string>]>(...names: A) =>
  maybe(Schema.compose(Schema.Lowercase, Schema.Literal(...names)))

const SpendingQuery = Schema.Struct(periodFields)

const HistoryQuery = Schema.Struct(paging(100))

const AgentsQuery = Schema.Struct({
  ...periodFields,
  ...paging(1000),
  sortColumn: column("name", "cost"),
  sortOrder: maybe(wholeText(0, 1)),
  name: maybe(Schema.String),
  usageTypes: maybe(Schema.String)
})

const AgentQuery = Schema.Struct({
  ...periodFields,
  timeUnit: column("day", "month"),
  usageTypes: maybe(Schema.String)
})

const RunsQuery = Schema.Struct({
  ...periodFields,
  ...paging(1000),
  sortColumn: column("date", "cost", "duration"),
  sortOrder: maybe(wholeText(0, 1)),
  usageTypes: maybe(Schema.String)
})

/** The max number of columns in a breakdown. */
const maxLabels = 3700

const label = (time: number, unit: "day" | "month"): string =>
  unit === "day" ? iso(time).slice(0, 10) : `${iso(time).slice(0, 7)}-01`

const labels = (period: Period, unit: "day" | "month"): ReadonlyArray<string> => {
  const all = new Set<string>()
  for (let day = dayStart(period.from); day <= period.to; day += days(1)) all.add(label(day, unit))
  return [...all]
}

/** The balance and the spending of an account. All reports use the same charges, so their sums agree. */
export const billingRoutes: ReadonlyArray<Route> = [
  {
    // docs.sequentum.com/api-reference/billing/credits
    method: "GET",
    path: "/billing/credits",
    handle: ({ world }) =>
      Effect.succeed(
        json({
          availableCredits: toCredits(balance(world)),
          organizationId: world.organizationId,
          retrievedAt: iso(world.now)
        })
      )
  },
  {
    // docs.sequentum.com/api-reference/billing/spending. Unverified: the week begins on Monday.
    method: "GET",
    path: "/billing/spending",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const period = yield* readPeriod(yield* read(SpendingQuery, query), thisWeek(world))
        return json({
          totalSpent: toCredits(sum(used(world, period))),
          ...dates(period),
          organizationId: world.organizationId,
          currentBalance: toCredits(balance(world))
        })
      })
  },
  {
    // docs.sequentum.com/api-reference/billing/history. Unverified: newest first, signed amounts.
    method: "GET",
    path: "/billing/history",
    handle: ({ query, world }) =>
      Effect.map(read(HistoryQuery, query), (filters) => {
        const { pageIndex, recordsPerPage, rows } = page([...world.transactions].reverse(), filters)
        return json({
          transactions: rows.map((transaction) => ({
            id: transaction.id,
            transactionType: transaction.type,
            amount: toCredits(transaction.amount),
            balance: toCredits(transaction.balance),
            created: iso(transaction.created),
            expiresAt: isoOrNull(transaction.expiresAt),
            message: transaction.message
          })),
          totalCount: world.transactions.length,
          pageIndex,
          recordsPerPage
        })
      })
  },
  {
    // docs.sequentum.com/api-reference/billing/agents. Lists only agents with usage in the period.
    method: "GET",
    path: "/billing/agents",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const filters = yield* read(AgentsQuery, query)
        const period = yield* readPeriod(filters, thisWeek(world))
        const charges = used(world, period, yield* readUsageTypes(filters.usageTypes))
        const rows = [...new Set(charges.map(({ agentId }) => agentId))]
          .map((agentId) => {
            const agent = world.agents.get(agentId)
            const cost = sum(charges.filter((usage) => usage.agentId === agentId))
            return { agentId, agentName: agent?.name ?? null, cost, spaceId: agent?.spaceId ?? null }
          })
          .filter(
            ({ agentName }) =>
              typeof filters.name !== "string" || (agentName ?? "").toLowerCase().includes(filters.name.toLowerCase())
          )
          .sort(
            (a, b) =>
              direction(filters.sortOrder) *
                (filters.sortColumn === "cost"
                  ? a.cost - b.cost
                  : (a.agentName ?? "").localeCompare(b.agentName ?? "", "en")) || a.agentId - b.agentId
          )
        const shown = page(rows, filters)
        return json({
          agents: shown.rows.map((row) => ({ ...row, cost: toCredits(row.cost) })),
          totalRecordCount: rows.length,
          totalCost: toCredits(rows.reduce((total, { cost }) => total + cost, 0)),
          ...dates(period),
          pageIndex: shown.pageIndex,
          recordsPerPage: shown.recordsPerPage
        })
      })
  },
  {
    // docs.sequentum.com/api-reference/billing/agent. An unused type has no data.
    method: "GET",
    path: "/billing/agents/:agentId",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const filters = yield* read(AgentQuery, call.query)
        const period = yield* readPeriod(filters, thisWeek(call.world))
        if (period.to - period.from > days(maxLabels)) return yield* badRequest("The period is too long.")
        const unit = filters.timeUnit ?? "day"
        const types = yield* readUsageTypes(filters.usageTypes)
        const charges = used(call.world, period, types).filter(({ agentId }) => agentId === agent.id)
        const columns = labels(period, unit)
        return json({
          agentId: agent.id,
          agentName: agent.name,
          labels: columns,
          usageTypes: types.map((type) => {
            const ofType = charges.filter((usage) => usage.type === type)
            const byLabel = new Map<string, number>()
            for (const { amount, at } of ofType) {
              const name = label(at, unit)
              byLabel.set(name, (byLabel.get(name) ?? 0) + amount)
            }
            return {
              type,
              data: ofType.length === 0 ? [] : columns.map((name) => toCredits(byLabel.get(name) ?? 0)),
              totalCost: toCredits(sum(ofType))
            }
          }),
          totalCost: toCredits(sum(charges)),
          ...dates(period)
        })
      })
  },
  {
    // docs.sequentum.com/api-reference/billing/agent-runs: totalCost is the sum of all runs, not of the page.
    method: "GET",
    path: "/billing/agents/:agentId/runs",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const filters = yield* read(RunsQuery, call.query)
        const period = yield* readPeriod(filters, thisWeek(call.world))
        const types = yield* readUsageTypes(filters.usageTypes)
        const costs = new Map<number, { readonly at: number; readonly cost: number }>()
        for (const usage of used(call.world, period, types)) {
          if (usage.agentId === agent.id && usage.runId !== null) {
            costs.set(usage.runId, { at: usage.at, cost: (costs.get(usage.runId)?.cost ?? 0) + usage.amount })
          }
        }
        const rows = [...costs].map(([runId, { at, cost }]) => {
          const run = call.world.runs.get(runId)
          const duration = (run?.endedAt ?? 0) - (run?.startedAt ?? 0)
          return { runId, at, cost, duration, run }
        })
        const key = { date: "at", cost: "cost", duration: "duration" } as const
        const by = key[filters.sortColumn ?? "date"]
        rows.sort((a, b) => direction(filters.sortOrder) * (a[by] - b[by]) || a.runId - b.runId)
        const shown = page(rows, filters)
        return json({
          runs: shown.rows.map(({ at, cost, run, runId }) => ({
            runId,
            date: iso(at),
            startTime: isoOrNull(run?.startedAt ?? null),
            endTime: isoOrNull(run?.endedAt ?? null),
            cost: toCredits(cost),
            billingType: types.length === 1 ? (types[0] ?? null) : null
          })),
          totalRecordCount: rows.length,
          totalCost: toCredits(rows.reduce((total, { cost }) => total + cost, 0)),
          agentId: agent.id,
          agentName: agent.name,
          pageIndex: shown.pageIndex,
          recordsPerPage: shown.recordsPerPage
        })
      })
  }
]
