import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as TestContext from "effect/TestContext"
import { allTools } from "../src/tools/catalog/all.ts"
import { carryOut, missing } from "../test/evals/Job.ts"
import { jobs } from "../test/evals/jobs.ts"
import { giveToModel } from "../test/evals/model.ts"
import { makeRanking } from "../test/evals/ranking.ts"
import { requests } from "../test/evals/requests.ts"

/**
 * How well the tools serve requests in plain words: whether a search by words finds the right one, and what the calls of
 * a good assistant take on the sandbox. Exits with 1 if an answer is wrong, or takes too much.
 */
const usage = `npm run evals -- [options]
  --only n,m      only these requests, by number
  --broken tool   the results of this tool lose half of their rows: requests must turn red
  --model         give the requests to a real model, too
EVALS_KEY (or ANTHROPIC_API_KEY), EVALS_MODEL and EVALS_URL name the model; none is needed without --model.`

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    broken: { type: "string" },
    model: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})

const maxBytes = 40_000

const say = (text: string) => Effect.sync(() => console.log(text))

const only = values.only?.split(",").map(Number)
const isAskedFor = (index: number) => only === undefined || only.includes(index + 1)

const ranking = Effect.gen(function* () {
  const rank = makeRanking()
  const names = new Set(allTools.map(({ name }) => name))
  const asked = requests.filter(([, ...tools]) => tools.some((name) => names.has(name)))
  const lost = asked.filter(
    ([request, ...tools]) =>
      !rank(request)
        .slice(0, 3)
        .some((name) => tools.includes(name))
  )
  yield* say(
    `Search by words: ${asked.length - lost.length} of ${asked.length} requests find their tool among the first three.`
  )
  for (const [request] of lost) yield* say(`  ${request} -> ${rank(request).slice(0, 3).join(", ")}`)
  return lost.length === 0
})

const scripted = Effect.gen(function* () {
  let calls = 0
  let mayTake = 0
  let bytes = 0
  let red = 0
  yield* say("\nRequests as a good assistant carries them out: calls (may take), bytes of results.")
  for (const [index, job] of jobs.entries()) {
    if (!isAskedFor(index)) continue
    const without = missing(job)
    if (without.length > 0) {
      yield* say(`  ${index + 1}. skipped, since there is no ${without.join(", ")}: ${job.request}`)
      continue
    }
    const outcome = yield* carryOut(job, values.broken)
    calls += outcome.calls
    mayTake += outcome.mayTake
    bytes += outcome.bytes
    red += outcome.problems.length > 0 ? 1 : 0
    const mark = outcome.problems.length === 0 ? "ok " : "RED"
    yield* say(`  ${mark} ${index + 1}. ${outcome.calls} (${outcome.mayTake}), ${outcome.bytes}: ${job.request}`)
    for (const problem of outcome.problems) yield* say(`      ${problem.slice(0, 2000)}`)
  }
  yield* say(`Together ${calls} calls of ${mayTake}, ${bytes} bytes of ${maxBytes}; ${red} red.`)
  return red === 0 && bytes <= maxBytes
})

const key = process.env["EVALS_KEY"] ?? process.env["ANTHROPIC_API_KEY"]

const withModel = Effect.gen(function* () {
  if (key === undefined) return yield* say("\nNo model: set EVALS_KEY.")
  const model = {
    key,
    url: process.env["EVALS_URL"] ?? "https://api.anthropic.com",
    name: process.env["EVALS_MODEL"] ?? "claude-sonnet-4-5"
  }
  yield* say(`\nRequests as ${model.name} carries them out: what its answer names of the right one.`)
  for (const [index, job] of jobs.entries()) {
    if (!isAskedFor(index)) continue
    const { accountIsRight, bytes, calls, mayTake, named, request, said, wanted } = yield* giveToModel(job, model)
    yield* say(
      `  ${index + 1}. ${calls} (${mayTake}), ${bytes} bytes; ${named} of ${wanted} named${accountIsRight ? "" : "; THE ACCOUNT IS WRONG"}: ${request}\n${said.replace(/^/gmu, "      ")}`
    )
  }
})

const main = Effect.gen(function* () {
  if (values.help) return yield* say(usage)
  const found = yield* ranking
  const right = yield* scripted
  if (values.model) yield* withModel
  if (!found || !right) process.exitCode = 1
})

await Effect.runPromise(Effect.provide(main, TestContext.TestContext))
