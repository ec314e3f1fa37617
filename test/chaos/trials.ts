import { random, type Random } from "../../src/sandbox/random.ts"
import { faults, type Fault, type Moment } from "../support/hostile/faults.ts"
import { parsePlan, type Move, type Plan } from "../support/hostile/plan.ts"
import { lanes, type Lane } from "./lanes.ts"
import { tools, writes, type Tool } from "./tools.ts"
import { idOf, type Trial } from "./trial.ts"

/** A fault at a moment. */
interface Strike {
  readonly name: string
  readonly moment: Moment
  readonly fault: Fault
}

const strikes: ReadonlyArray<Strike> = Object.entries(faults).flatMap(([name, fault]) =>
  fault.moments.map((moment) => ({ name, moment, fault }))
)

/** Sequences in which what was learned first must not be forgotten. The first is a gateway whose upstream restarts. */
const scripts = [
  "write:502-page.before,404-page.before*",
  "write:drop.before,404-page.before*",
  "write:502.after,404-page.before*",
  "write:drop.after,429.before*",
  "write:503.after,403-page.before*",
  "write:drop.after,unreachable.before*",
  "write:drop.after,unreachable.before",
  "write:429.before,drop.after",
  "write:429-2s.before,503.after",
  "write:unreachable.before,drop.after",
  "any:502.before,502.before,502.before,drop.after",
  "write:half-body.after*",
  "any:sign-in.after*",
  "write:sign-in.after*",
  "read:silence.after*",
  "read:drip.after*",
  "read:502-page.after*",
  "read:sign-in.after*",
  "read:truncated.after*"
] as const

/** The plans of `scripts` that hold nothing slow, or all of them. */
const scripted = (lane: Lane): ReadonlyArray<Plan> =>
  scripts
    .map(parsePlan)
    .filter((plan) => plan !== undefined)
    .filter(
      ({ moves }) => lane.isVirtual || moves.every((move) => move === "pass" || faults[move.fault]?.isSlow !== true)
    )

/** Whether a fault is one for a tool: see `Fault.needsData`. */
const strikesTool = ({ fault, moment }: Strike, tool: Tool) =>
  fault.needsData !== true || moment === "after" || tool.carriesData

/** Real time is for what ends soon. */
const fitsLane = ({ fault }: Strike, lane: Lane) => lane.isVirtual || fault.isSlow !== true

const moveOf = ({ moment, name }: Strike): Move => ({ fault: name, moment })

/** One in `heavyShare` of the trials that move tens of megabytes. */
const heavyShare = 8

const isChosen = ({ fault }: Strike, dice: Random) => fault.isHeavy !== true || dice.int(1, heavyShare) === 1

const writeTrials = (strike: Strike, tool: Tool, dice: Random): ReadonlyArray<Plan> => {
  if (!strikesTool(strike, tool)) return []
  return [{ on: dice.pick(["write", "any"]), skip: 0, moves: [moveOf(strike)], repeats: dice.next() < 0.5 }]
}

/** Faults of the reads beside a write. Their moment changes little, and one of three is enough. */
const readsBesideWrite = (strike: Strike, dice: Random): ReadonlyArray<Plan> =>
  dice.int(1, 3) === 1 && strike.moment === strike.fault.moments.at(-1)
    ? [{ on: "read", skip: dice.int(0, 1), moves: [moveOf(strike)], repeats: dice.next() < 0.7 }]
    : []

const readTrials = (strike: Strike, tool: Tool, dice: Random): ReadonlyArray<Plan> => [
  {
    on: "any",
    skip: tool.isWorker ? dice.int(0, 2) : 0,
    moves: [moveOf(strike)],
    repeats: dice.next() < 0.6
  }
]

/** A few faults one after another. */
const mixture = (possible: readonly [Strike, ...ReadonlyArray<Strike>], dice: Random): Plan => {
  const move = () => (dice.int(1, 6) === 1 ? "pass" : moveOf(dice.pick(possible)))
  return {
    on: dice.pick(["write", "any", "any"]),
    skip: 0,
    moves: [move(), ...Array.from({ length: dice.int(1, 3) }, move)],
    repeats: dice.next() < 0.3
  }
}

const mixtures = (lane: Lane, tool: Tool, count: number, dice: Random): ReadonlyArray<Plan> => {
  const [first, ...others] = strikes.filter(
    (strike) => fitsLane(strike, lane) && strike.fault.isHeavy !== true && strikesTool(strike, tool)
  )
  return first === undefined ? [] : Array.from({ length: count }, () => mixture([first, ...others], dice))
}

const mixturesPerTool = 12

const plansFor = (lane: Lane, tool: Tool, dice: Random): ReadonlyArray<Plan> => {
  const chosen = strikes.filter((strike) => fitsLane(strike, lane) && isChosen(strike, dice))
  const single = chosen.flatMap((strike) =>
    tool.route === undefined
      ? readTrials(strike, tool, dice)
      : [...writeTrials(strike, tool, dice), ...readsBesideWrite(strike, dice)]
  )
  const fixed = tool.route === undefined ? [] : scripted(lane)
  return [...single, ...fixed, ...mixtures(lane, tool, mixturesPerTool, dice)]
}

const shuffled = <A>(items: ReadonlyArray<A>, dice: Random): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, at: dice.next() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item)

/** A part of the whole run: lanes that share the trials between them. */
export interface Part {
  readonly name: string
  readonly lanes: ReadonlyArray<Lane>
}

const named = (prefix: string): Part => ({
  name: prefix,
  lanes: lanes.filter(({ name }) => name === prefix || name.startsWith(`${prefix}-`))
})

export const parts: ReadonlyArray<Part> = ["registry", "http", "stdio"].map(named)

/** The trials of a part in the order that a seed gives. The same seed gives the same trials. */
export const trialsOf = ({ lanes: [first, ...others], name }: Part, seed: number): ReadonlyArray<Trial> => {
  if (first === undefined) return []
  const dice = random(`${seed}/${name}`)
  const all = tools.flatMap((tool) =>
    plansFor(first, tool, dice).map((plan): Trial => ({ lane: dice.pick([first, ...others]), tool, plan, seed }))
  )
  const byId = new Map(all.map((trial) => [idOf(trial), trial]))
  return shuffled([...byId.values()], dice)
}

/** About 150 trials for a test: each fault at each moment on some tool, each script on two writes, and a few mixtures. */
export const sample = (seed: number): ReadonlyArray<Trial> => {
  const dice = random(`${seed}/sample`)
  const virtual = lanes.filter(({ isVirtual }) => isVirtual)
  const [first, ...others] = virtual
  if (first === undefined) return []
  const place = (): Lane => dice.pick([first, ...others])
  const single = strikes
    .filter(({ fault }) => fault.isHeavy !== true)
    .flatMap((strike): ReadonlyArray<Trial> => {
      const lane = place()
      const plans = shuffled(tools, dice).flatMap((tool) => {
        const [plan] = tool.route === undefined ? readTrials(strike, tool, dice) : writeTrials(strike, tool, dice)
        return plan === undefined ? [] : [{ lane, tool, plan, seed }]
      })
      return plans.slice(0, 1)
    })
  // Those that are sent again after a failure, and those that are not.
  const repeated = writes.filter(({ route }) => route?.startsWith("POST") === false)
  const sentOnce = writes.filter((tool) => !repeated.includes(tool))
  const fixed = scripted(first).flatMap((plan) =>
    [repeated, sentOnce].flatMap((group) =>
      shuffled(group, dice)
        .slice(0, 1)
        .map((tool): Trial => ({ lane: place(), tool, plan, seed }))
    )
  )
  const mixed = shuffled(tools, dice).flatMap((tool) =>
    mixtures(first, tool, 1, dice).map((plan): Trial => ({ lane: place(), tool, plan, seed }))
  )
  return [...single, ...fixed, ...mixed]
}

/** A trial without a fault for each tool of a lane. */
export const faultless = (lane: Lane, seed: number): ReadonlyArray<Trial> =>
  // A process takes long to start, and two tell whether it can be spoken to.
  tools
    .filter(({ name }) => lane.isVirtual || name === "start_agent" || name === "get_agent")
    .map((tool) => ({ lane, tool, seed, plan: { on: "any", skip: 0, moves: ["pass"], repeats: false } }))

/** The trial of an id that `idOf` wrote; undefined if it is none. */
export const parseId = (id: string, seed: number): Trial | undefined => {
  const [laneName, toolName, ...rest] = id.split("/")
  const lane = lanes.find(({ name }) => name === laneName)
  const tool = tools.find(({ name }) => name === toolName)
  const plan = parsePlan(rest.join("/"))
  return lane === undefined || tool === undefined || plan === undefined ? undefined : { lane, tool, plan, seed }
}
