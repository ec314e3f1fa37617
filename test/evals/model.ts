import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { offered } from "../../scripts/surface.ts"
import { instructions } from "../../src/mcp/instructions.ts"
import { overSandbox } from "../support/sandbox.ts"
import { whileTimePasses } from "../support/time.ts"
import type { Job } from "./Job.ts"

/** A model behind the messages API of Anthropic. */
export interface Model {
  readonly url: string
  readonly key: string
  readonly name: string
}

const Content = Schema.Array(
  Schema.Struct({
    type: Schema.String,
    text: Schema.optional(Schema.String),
    id: Schema.optional(Schema.String),
    name: Schema.optional(Schema.String),
    input: Schema.optional(Schema.Unknown)
  })
)
const Reply = Schema.Struct({ content: Content, stop_reason: Schema.optional(Schema.NullOr(Schema.String)) })

interface Message {
  readonly role: "user" | "assistant"
  readonly content: unknown
}

/** The most turns of one request. */
const maxTurns = 30

const tools = () =>
  offered().map(({ description, inputSchema, name }) => ({ name, description, input_schema: inputSchema }))

const ask = (model: Model, messages: ReadonlyArray<Message>) =>
  Effect.promise(async () => {
    const response = await fetch(`${model.url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": model.key, "anthropic-version": "2023-06-01" },
      body: JSON.stringify({
        model: model.name,
        max_tokens: 4096,
        system: `${instructions} The time is 2026-03-11T12:00:00Z; the user is in Berlin. You may spend credits.`,
        tools: tools(),
        messages
      })
    })
    if (!response.ok) throw new Error(`The model answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
    return Schema.decodeUnknownSync(Reply)(await response.json())
  })

/** The texts, numbers aside from those below ten, that a right answer names. */
const namesIn = (answer: unknown): ReadonlyArray<string> => {
  if (typeof answer === "string") return [answer]
  if (typeof answer === "number") return answer < 10 ? [] : [String(answer)]
  if (Array.isArray(answer)) return answer.flatMap(namesIn)
  return Predicate.isRecord(answer) ? Object.values(answer).flatMap(namesIn) : []
}

/** Gives a request to a model, on a new sandbox: its calls, what it said, and what of the right answer that names. */
export const giveToModel = (job: Job, model: Model) =>
  Effect.gen(function* () {
    const { ask: askSandbox, call } = yield* overSandbox()
    const right = yield* job.right(askSandbox)
    const messages: Array<Message> = [{ role: "user", content: job.request }]
    let calls = 0
    let bytes = 0
    let said = ""
    for (let turn = 0; turn < maxTurns; turn++) {
      const { content } = yield* ask(model, messages)
      messages.push({ role: "assistant", content })
      said = content.flatMap(({ text = "" }) => (text === "" ? [] : [text])).join("\n")
      const uses = content.filter(({ type }) => type === "tool_use")
      if (uses.length === 0) break
      const results = yield* Effect.forEach(uses, ({ id, input, name = "" }) =>
        Effect.map(whileTimePasses(Effect.either(call(name, input ?? {}))), (ended) => {
          const text = JSON.stringify(Either.merge(ended))
          calls += 1
          bytes += Buffer.byteLength(text)
          return { type: "tool_result", tool_use_id: id, is_error: Either.isLeft(ended), content: text }
        })
      )
      messages.push({ role: "user", content: results })
    }
    const wanted = namesIn(right.answerAfter === undefined ? right.answer : yield* right.answerAfter(askSandbox))
    const after = right.after === undefined ? undefined : yield* right.after(askSandbox)
    return {
      request: job.request,
      calls,
      mayTake: job.mayTake + (right.changes ?? 0),
      bytes,
      said,
      named: wanted.filter((name) => said.includes(name)).length,
      wanted: wanted.length,
      accountIsRight: after === undefined || JSON.stringify(after.came) === JSON.stringify(after.right)
    }
  }).pipe(Effect.scoped)
