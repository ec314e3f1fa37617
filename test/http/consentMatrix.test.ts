import { layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { askingTools, consentMatrix, type Open, type Scene, type Setting } from "../support/consent.ts"
import { callAs, legacyClient, record, statsOf } from "../support/consentHttp.ts"
import type { Json } from "../support/conversation.ts"
import { endpoint, type Endpoint } from "../support/endpoint.ts"

type Fetch = (method: string, path: string, body?: Json) => Effect.Effect<unknown>

/** Asks the sandbox itself, without the endpoint. */
const asking =
  (apiUrl: string, token: string): Fetch =>
  (method, path, body) =>
    Effect.promise(async () => {
      const response = await fetch(`${apiUrl}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      const json: unknown = text === "" ? {} : JSON.parse(text)
      return json
    })

const first = (list: unknown, fits: (row: Json) => boolean): Json =>
  record((Array.isArray(list) ? list : []).map(record).find(fits))

/** Codes of the states of a run. */
const running = 1
const success = 10

/** What a new account has, besides a run that is stopping and a paused schedule of every five minutes. */
const prepare = (ask: Fetch): Effect.Effect<Scene> =>
  Effect.gen(function* () {
    const ended = first(yield* ask("GET", "/agent/4101/runs"), ({ status }) => status === success)
    const active = first(yield* ask("GET", "/agent/4512/runs"), ({ status }) => status === running)
    yield* ask("POST", `/agent/4512/run/${String(active["id"])}/stop`)
    const often = { name: "Often", scheduleType: 3, cronExpression: "*/5 * * * *", isEnabled: false }
    const made = record(yield* ask("POST", "/agent/4101/schedules", often))
    const firstOf = (agentId: number) =>
      Effect.map(ask("GET", `/agent/${agentId}/schedules`), (list) => ({
        agentId,
        scheduleId: Number(first(list, () => true)["id"])
      }))
    return {
      agentId: 4101,
      endedRun: { agentId: 4101, runId: Number(ended["id"]) },
      stoppingRun: { agentId: 4512, runId: Number(active["id"]) },
      oftenSchedule: { agentId: 4101, scheduleId: Number(made["id"]) },
      deletedSchedule: yield* firstOf(4102),
      changedSchedule: yield* firstOf(4203),
      spaceId: 101,
      versionNumber: 3
    }
  })

/** So slow that a run which is stopping goes on stopping. */
const slow = 0.001

const tools = Object.keys(askingTools)
/** Some of the tools, and the others. */
const halves = [tools.slice(0, 4), tools.slice(4)] as const

const started = Effect.gen(function* () {
  yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
  const auto = yield* endpoint({}, slow)
  const at = (settings: Readonly<Record<string, string>>) => endpoint({ SEQUENTUM_API_URL: auto.apiUrl, ...settings })
  const skipping = (names: ReadonlyArray<string>) =>
    at({ SEQUENTUM_CONFIRM: "always", SEQUENTUM_CONFIRM_SKIP: names.join(",") })
  const always = yield* at({ SEQUENTUM_CONFIRM: "always" })
  const never = yield* at({ SEQUENTUM_CONFIRM: "never" })
  const skips = [yield* skipping(halves[0]), yield* skipping(halves[1])] as const
  const accounts = new Map<string, { readonly token: string; readonly scene: Scene }>()
  return {
    apiUrl: auto.apiUrl,
    /** Skipped tools are those of a half that has the one, or lacks the one, that the setting has or lacks. */
    withSetting: ({ mode = "auto", skip }: Setting): Endpoint => {
      if (skip === undefined) return { auto, always, never }[mode]
      const isFirst =
        skip.length === 1 ? halves[0].includes(skip[0] ?? "") : !halves[0].every((one) => skip.includes(one))
      return (skip.length === 1) === isFirst ? skips[0] : skips[1]
    },
    accountFor: ({ era, situation }: Setting) =>
      Effect.gen(function* () {
        const token = `${situation} ${era}`.replaceAll(/\W+/gu, "-")
        const known = accounts.get(token)
        if (known !== undefined) return known
        const account = { token, scene: yield* prepare(asking(auto.apiUrl, token)) }
        accounts.set(token, account)
        return account
      })
  } as const
})

/** Endpoints with each setting over one sandbox. */
class Endpoints extends Context.Tag("test/Endpoints")<Endpoints, Effect.Effect.Success<typeof started>>() {
  static readonly layer = Layer.scoped(Endpoints, started)
}

const open: Open<Endpoints> = (setting) =>
  Effect.gen(function* () {
    const { accountFor, apiUrl, withSetting } = yield* Endpoints
    const at = withSetting(setting)
    const { scene, token: owner } = yield* accountFor(setting)
    const before = yield* statsOf({ apiUrl }, owner)
    const common = { scene, writes: Effect.map(statsOf({ apiUrl }, owner), ({ writes }) => writes - before.writes) }
    const { capabilities } = setting
    if (setting.era === "modern") {
      let token = owner
      return {
        ...common,
        call: (tool, args, more) => callAs(token, at, capabilities)(tool, args, more),
        questions: [],
        asked: Effect.never,
        answerBy: () => undefined,
        actAs: (who) => {
          token = who === "owner" ? owner : "stranger"
        }
      }
    }
    const client = yield* legacyClient(at, { token: owner, ...(capabilities === undefined ? {} : { capabilities }) })
    return {
      ...common,
      ...client,
      actAs: () => undefined,
      answerAs: (who, reply) => client.answerAs(who === "owner" ? owner : "stranger", reply)
    }
  })

layer(Endpoints.layer)("consent over HTTP", (it) => consentMatrix(it, open))
