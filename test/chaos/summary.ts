import { maxSeconds, brokenBy, describe, isDoubled, isUntrueRead, rules } from "./verdict.ts"
import type { Outcome } from "./trial.ts"

interface Totals {
  readonly asked: number
  readonly sent: number
  readonly acted: number
  readonly done: number
  readonly unknown: number
  readonly refused: number
  readonly failed: number
  readonly silent: number
  readonly doubled: number
  readonly longest: number
  readonly peak: number
}

const count = (outcomes: ReadonlyArray<Outcome>, fits: (outcome: Outcome) => boolean) => outcomes.filter(fits).length

export const totalsOf = (outcomes: ReadonlyArray<Outcome>): Totals => ({
  asked: outcomes.length,
  sent: outcomes.reduce((sum, { sent }) => sum + sent.length, 0),
  acted: count(outcomes, ({ acted }) => acted > 0),
  done: count(outcomes, ({ report }) => report === "done"),
  unknown: count(outcomes, ({ report }) => report === "unknown"),
  refused: count(outcomes, ({ report }) => report === "refused"),
  failed: count(outcomes, ({ report }) => report === "failed"),
  silent: count(outcomes, ({ report }) => report === undefined),
  doubled: count(outcomes, isDoubled),
  longest: outcomes.reduce((most, { seconds }) => Math.max(most, seconds), 0),
  peak: outcomes.reduce((most, { peakMemory }) => Math.max(most, peakMemory ?? 0), 0)
})

const columns = ["asked", "sent", "acted", "done", "unknown", "refused", "failed", "silent", "doubled"] as const

const row = (name: string, lane: string, time: string, outcomes: ReadonlyArray<Outcome>) => {
  const totals = totalsOf(outcomes)
  return [
    name.padEnd(22),
    lane.padEnd(9),
    time.padEnd(8),
    ...columns.map((column) => String(totals[column]).padStart(8)),
    `${totals.longest.toFixed(1)} s`.padStart(9),
    (totals.peak === 0 ? "" : `${Math.round(totals.peak)} MiB`).padStart(9)
  ].join("")
}

const header = [
  "tool".padEnd(22),
  "lane".padEnd(9),
  "time".padEnd(8),
  ...columns.map((column) => column.padStart(8)),
  "longest".padStart(9),
  "memory".padStart(9)
].join("")

const groupBy = (outcomes: ReadonlyArray<Outcome>, key: (outcome: Outcome) => string) => {
  const groups = new Map<string, ReadonlyArray<Outcome>>()
  for (const outcome of outcomes) groups.set(key(outcome), [...(groups.get(key(outcome)) ?? []), outcome])
  return groups
}

const timeOf = ({ trial }: Outcome) => (trial.lane.isVirtual ? "virtual" : "real")

/** One row for each tool and lane, and one for each lane. */
export const table = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const byRow = groupBy(outcomes, ({ trial }) => `${trial.tool.name} ${trial.lane.name}`)
  const byLane = groupBy(outcomes, ({ trial }) => trial.lane.name)
  const rowOf = (name: string, group: ReadonlyArray<Outcome>) => {
    const [first] = group
    return first === undefined ? [] : [row(name, first.trial.lane.name, timeOf(first), group)]
  }
  return [
    header,
    ...[...byRow]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .flatMap(([name, group]) => rowOf(name.split(" ")[0] ?? "", group)),
    "",
    ...[...byLane].flatMap(([, group]) => rowOf("all", group)),
    row("all", "all", "", outcomes)
  ]
}

const firstMove = ({ trial }: Outcome) =>
  trial.plan.moves.map((move) => (move === "pass" ? move : `${move.fault}.${move.moment}`)).join(",")

/** How often each fault and each tool is behind something, most often first. */
const tally = (outcomes: ReadonlyArray<Outcome>, key: (outcome: Outcome) => string, max: number) => {
  const sorted = [...groupBy(outcomes, key)].sort(([, left], [, right]) => right.length - left.length)
  const shown = sorted.slice(0, max).map(([name, group]) => `${name} ${group.length}`)
  return `${shown.join(", ")}${sorted.length > max ? `, and ${sorted.length - max} more` : ""}`
}

/** The numbers that must be 0, and every case behind those that are not. */
export const rulesReport = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  rules.flatMap(({ isBroken, name }, index) => {
    const broken = outcomes.filter(isBroken)
    const line = `${index + 1}. ${name}: ${broken.length}${broken.length === 0 ? "" : "  BROKEN"}`
    if (broken.length === 0) return [line]
    return [
      line,
      `   tools: ${tally(broken, ({ trial }) => trial.tool.name, 20)}`,
      `   faults: ${tally(broken, firstMove, 12)}`,
      ...broken.map((outcome) => `   ${describe(outcome)}`)
    ]
  })

/** Reads that were answered with something else than the truth; no rule, but worth a look. */
export const untrueReads = (
  outcomes: ReadonlyArray<Outcome>,
  truths: ReadonlyMap<string, Outcome>
): ReadonlyArray<string> => {
  const untrue = outcomes.filter((outcome) => isUntrueRead(outcome, truths.get(outcome.trial.tool.name)))
  return [
    `Reads in virtual time that were answered with something else than the sandbox holds, without a notice: ${untrue.length}`,
    ...(untrue.length === 0
      ? []
      : [`   ${tally(untrue, (outcome) => `${outcome.trial.tool.name} ${firstMove(outcome)}`, 30)}`])
  ]
}

export const isHeld = (outcomes: ReadonlyArray<Outcome>) => outcomes.every((outcome) => brokenBy(outcome).length === 0)

export const limits = `Longest call allowed: under ${maxSeconds} s with the default settings.`
