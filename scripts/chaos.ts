import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import { setup as build } from "./freshBuild.ts"
import { isHeld, limits, rulesReport, table, untrueReads } from "../test/chaos/summary.ts"
import { run, type Outcome, type Trial } from "../test/chaos/trial.ts"
import { describe as inOneLine, isSound } from "../test/chaos/verdict.ts"
import { faultless, parseId, parts, trialsOf, type Part } from "../test/chaos/trials.ts"

/**
 * Calls every tool that changes something, and six that read, while the upstream fails in every way that is known, and
 * compares what the client is told with what the sandbox did. Exits with 1 if a rule is broken.
 */
const usage = `npm run chaos -- [options]
  --seconds n     stop after n seconds (540)
  --part a,b      registry, http, stdio (all)
  --tool a,b      only these tools
  --fault a,b     only plans that hold one of these faults
  --case id       only this case, as printed; may be repeated
SEED=n chooses the cases (1).`

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "540" },
    part: { type: "string", default: parts.map(({ name }) => name).join(",") },
    tool: { type: "string" },
    fault: { type: "string" },
    case: { type: "string", multiple: true },
    help: { type: "boolean", default: false }
  }
})

const seed = Number(process.env["SEED"] ?? 1)
const seconds = Number(values.seconds)
const chosen = parts.filter(({ name }) => values.part.split(",").includes(name))

/** Shares of the time, and how many trials go on at once. Those in real time mostly wait. */
const shares: Readonly<Record<string, number>> = { registry: 0.35, http: 0.45, stdio: 0.2 }
const atOnce: Readonly<Record<string, number>> = { registry: 6, http: 6, stdio: 8 }

const say = (...lines: ReadonlyArray<string>) => Effect.sync(() => lines.forEach((line) => console.log(line)))

const holdsFault = ({ plan }: Trial, names: ReadonlyArray<string>) =>
  plan.moves.some((move) => move !== "pass" && names.includes(move.fault))

const isOfTool = ({ tool }: Trial) => values.tool === undefined || values.tool.split(",").includes(tool.name)

const isAskedFor = (trial: Trial) =>
  isOfTool(trial) && (values.fault === undefined || holdsFault(trial, values.fault.split(",")))

/** Runs trials until a moment of `performance.now`. */
const runAll = (trials: ReadonlyArray<Trial>, concurrency: number, until: number) =>
  Effect.forEach(
    trials,
    (trial) => (performance.now() > until ? Effect.succeed([]) : Effect.map(run(trial), (outcome) => [outcome])),
    { concurrency }
  ).pipe(Effect.map((outcomes) => outcomes.flat()))

const begunAt = performance.now()

/** Seconds for a part: its share of the time that is left for it and those after it. */
const allowedFor = (part: Part) => {
  const shareOf = ({ name }: Part) => shares[name] ?? 0
  const left = chosen.slice(chosen.indexOf(part)).reduce((sum, later) => sum + shareOf(later), 0)
  return ((seconds - (performance.now() - begunAt) / 1000) * shareOf(part)) / left
}

const runPart = (part: Part) =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const until = startedAt + allowedFor(part) * 1000
    const concurrency = atOnce[part.name] ?? 1
    const sound = yield* Effect.forEach(part.lanes, (lane) =>
      runAll(faultless(lane, seed).filter(isOfTool), concurrency, Infinity)
    )
    const trials = trialsOf(part, seed).filter(isAskedFor)
    const outcomes = yield* runAll(trials, concurrency, until)
    const took = Math.round((performance.now() - startedAt) / 1000)
    yield* say(`${part.name}: ${outcomes.length} of ${trials.length} cases in ${took} s`)
    return { outcomes, sound: sound.flat() }
  })

const summary = (outcomes: ReadonlyArray<Outcome>, sound: ReadonlyArray<Outcome>) =>
  Effect.gen(function* () {
    const virtual = sound.filter(({ trial }) => trial.lane.isVirtual)
    const truths = new Map(virtual.map((outcome) => [outcome.trial.tool.name, outcome]))
    const inVirtualTime = outcomes.filter(({ trial }) => trial.lane.isVirtual)
    const lanes = new Set(outcomes.map(({ trial }) => trial.lane))
    yield* say(
      "",
      ...[...lanes].map(({ about, isVirtual, name }) => `${name}: ${about}; ${isVirtual ? "virtual" : "real"} time`),
      "In virtual time no waiting is real: the seconds are those of the program's own clock. Faults that hold a call for long run in virtual time only.",
      limits,
      "",
      ...table(outcomes),
      "",
      ...rulesReport(outcomes),
      "",
      ...untrueReads(inVirtualTime, truths)
    )
  })

const whole = Effect.gen(function* () {
  const results = yield* Effect.forEach(chosen, runPart)
  const sound = results.flatMap((result) => result.sound)
  const unsound = sound.filter((outcome) => !isSound(outcome))
  yield* say(...unsound.map((outcome) => `WITHOUT A FAULT this went wrong: ${inOneLine(outcome)}`))
  const outcomes = results.flatMap((result) => result.outcomes)
  yield* summary(outcomes, sound)
  return unsound.length === 0 && isHeld(outcomes)
})

const replay = (trials: ReadonlyArray<Trial>) =>
  Effect.gen(function* () {
    const outcomes = yield* runAll(trials, 1, Infinity)
    yield* summary(outcomes, [])
    yield* say("", ...outcomes.map(inOneLine))
    return isHeld(outcomes)
  })

const asked = values.case?.map((id) => parseId(id, seed))
const cases = asked?.filter((trial) => trial !== undefined)
const isUnderstood = Number.isFinite(seconds) && Number.isFinite(seed) && cases?.length === asked?.length

if (values.help || !isUnderstood || chosen.length === 0) {
  console.log(usage)
  process.exit(values.help ? 0 : 2)
}
console.log(`SEED=${seed}`)
const lanes = cases?.map(({ lane }) => lane) ?? chosen.flatMap((part) => part.lanes)
if (lanes.some(({ isVirtual }) => !isVirtual)) await build()
process.exit((await Effect.runPromise(cases === undefined ? whole : replay(cases))) ? 0 : 1)
