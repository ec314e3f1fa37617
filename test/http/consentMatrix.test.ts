import { layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { askingTools, consentMatrix, type Open, type Scene, type Setting } from "../support/consent.ts"
import { callAs, legacyClient, sandboxScene, slow, statsOf } from "../support/consentHttp.ts"
import { endpoint, type Endpoint } from "../support/endpoint.ts"

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
        const account = { token, scene: yield* sandboxScene(auto, token) }
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
    const before = yield* statsOf({ apiUrl }, `Bearer ${owner}`)
    const common = {
      scene,
      writes: Effect.map(statsOf({ apiUrl }, `Bearer ${owner}`), ({ writes }) => writes - before.writes)
    }
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
