import { noticeOf } from "./replies.ts"
import { idOf, type Outcome } from "./trial.ts"

/** Seconds within which every call has to end. */
export const maxSeconds = 50

/** What must never happen, in the words of the summary. */
export const rules = [
  {
    name: "writes reported done though not acted",
    isBroken: ({ acted, isTrue, report, trial }: Outcome) =>
      trial.tool.route !== undefined && report === "done" && (acted === 0 || !isTrue)
  },
  {
    name: "acted and answered as an error without saying so",
    isBroken: ({ acted, report }: Outcome) => acted > 0 && report === "failed"
  },
  {
    name: "creates doubled",
    isBroken: (outcome: Outcome) => isDoubled(outcome)
  },
  {
    name: "refused though acted",
    isBroken: ({ acted, report }: Outcome) => acted > 0 && report === "refused"
  },
  {
    name: "calls without an answer",
    isBroken: ({ report }: Outcome) => report === undefined
  },
  {
    name: `calls of ${maxSeconds} seconds or more`,
    isBroken: ({ seconds }: Outcome) => seconds >= maxSeconds
  }
] as const

/** Whether the sandbox did twice what was asked for once, and what does harm twice. */
export const isDoubled = ({ acted, trial }: Outcome) => trial.tool.mayDouble && acted > 1

/** Whether a call that met no fault went as it must. If not, nothing else that is measured means anything. */
export const isSound = ({ acted, isTrue, report, seconds, trial }: Outcome) =>
  report === "done" &&
  isTrue &&
  acted === (trial.tool.route === undefined ? 0 : 1) &&
  (!trial.lane.isVirtual || seconds === 0)

/** The names of the rules that an outcome breaks. */
export const brokenBy = (outcome: Outcome): ReadonlyArray<string> =>
  rules.filter(({ isBroken }) => isBroken(outcome)).map(({ name }) => name)

const quoted = ({ noAnswer, reply }: Outcome) => {
  if (reply === undefined) return `no answer: ${noAnswer ?? ""}`
  return (reply.error ?? JSON.stringify(reply.structured ?? null)).replaceAll("\n", " ").slice(0, 160)
}

/** One line on an outcome: enough to run it again and to see what is wrong. */
export const describe = (outcome: Outcome): string => {
  const { acted, isTrue, seconds, sent, trial } = outcome
  const steps = sent.map(({ method, move, status }) => `${method} ${move}${status === undefined ? "" : `=${status}`}`)
  const untrue = isTrue ? "" : ", which is not what the reply names"
  return `SEED=${trial.seed} ${idOf(trial)} | acted ${acted}${untrue}, ${seconds.toFixed(1)} s | ${steps.join(", ") || "nothing sent"} | ${quoted(outcome)}`
}

/** A result without its times: a retry takes some. */
const timeless = (structured: unknown) =>
  JSON.stringify(structured ?? null).replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/gu, '"time"')

/** Whether a read was answered with something else than without a fault, and no notice says so. */
export const isUntrueRead = ({ reply, report, trial }: Outcome, truth: Outcome | undefined) =>
  trial.tool.route === undefined &&
  report === "done" &&
  truth !== undefined &&
  noticeOf(reply?.structured) === noticeOf(truth.reply?.structured) &&
  timeless(reply?.structured) !== timeless(truth.reply?.structured)
