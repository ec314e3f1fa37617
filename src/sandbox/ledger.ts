import type { Run, Transaction, Usage, UsageType, World } from "./state.ts"
import { iso, scheduleAt } from "./state.ts"

/** Ten-thousandths of a credit. They are integers, so that all reports of the same charges have the same sum. */
export const fromCredits = (credits: number): number => Math.round(credits * 10_000)

export const toCredits = (amount: number): number => amount / 10_000

/** The spendable amount: the sum of all grants that have not expired. Source: docs.sequentum.com/api-reference/billing/credits. */
export const balance = (world: World): number => world.grants.reduce((sum, grant) => sum + grant.remaining, 0)

const record = (
  world: World,
  type: Transaction["type"],
  amount: number,
  message: string | null,
  expiresAt: number | null = null
): void => {
  const before = world.transactions.at(-1)
  world.transactions.push({
    id: (before?.id ?? 770_000) + 1,
    type,
    amount,
    balance: (before?.balance ?? 0) + amount,
    created: world.now,
    expiresAt,
    message
  })
}

/** Adds a grant. When it expires, the rest of it is lost. */
export const grant = (
  world: World,
  type: "Initial" | "Credit" | "Refund" | "Adjustment",
  amount: number,
  message: string | null,
  expiresAt: number | null
): void => {
  const given = { expiresAt, remaining: amount }
  world.grants.push(given)
  record(world, type, amount, message, expiresAt)
  if (expiresAt !== null) {
    scheduleAt(world, expiresAt, () => {
      if (given.remaining > 0) {
        const expired = given.remaining
        given.remaining = 0
        record(world, "Expiration", -expired, `Credits granted until ${iso(expiresAt)} have expired`)
      }
    })
  }
}

const debit = (world: World, amount: number, message: string): void => {
  const order = world.grants
    .filter((grant) => grant.remaining > 0)
    .sort((a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity))
  let owed = amount
  for (const grant of order) {
    const taken = Math.min(owed, grant.remaining)
    grant.remaining -= taken
    owed -= taken
  }
  record(world, "Debit", -amount, message)
  if (owed > 0) {
    record(world, "WriteOff", owed, "Use beyond the balance was written off")
  }
}

const charge = (
  world: World,
  agentId: number,
  runId: number | null,
  message: string,
  parts: ReadonlyArray<readonly [UsageType, number]>
): void => {
  const used = parts.flatMap(([type, amount]): ReadonlyArray<Usage> =>
    amount > 0 ? [{ agentId, runId, type, amount, at: world.now }] : []
  )
  if (used.length > 0) {
    world.usage.push(...used)
    debit(
      world,
      used.reduce((sum, usage) => sum + usage.amount, 0),
      message
    )
  }
}

/** Charges a run that has just ended. The prices are the sandbox's own choice. */
export const chargeRun = (world: World, run: Run): void => {
  if (run.startedAt === null || run.frozen === null) return
  const plannedMinutes = ((world.now - run.startedAt) * run.speed) / 60_000
  const counts = run.frozen
  const gigabytes = counts.traffic / 1e9
  charge(world, run.agentId, run.id, `Run ${run.id}`, [
    [
      "RunUsage",
      fromCredits(0.08 * plannedMinutes * Math.min(run.options.parallelism, run.options.parallelMaxConcurrency))
    ],
    ["ExportDataBandwidth", fromCredits(0.9 * gigabytes)],
    ["ExportDataCpm", fromCredits(0.0004 * counts.exportCount)],
    ["InputCount", fromCredits(0.001 * Object.keys(run.options.inputs).length)],
    ["ProxyUsage", run.options.proxyPoolId === null ? 0 : fromCredits(3.5 * gigabytes)]
  ])
}

/** Charges a build to the agent that it drafted. */
export const chargeBuild = (world: World, agentId: number, sessionId: string): void =>
  charge(world, agentId, null, `Agent Builder session ${sessionId}`, [["AgentBuilder", fromCredits(1.5)]])
