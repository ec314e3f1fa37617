import { createHash, randomUUID } from "node:crypto"
import {
  inputRequired,
  inputResponse,
  type InputRequiredResult,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Sealing } from "../runtime/sealed.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import * as Deadline from "../sequentum/Deadline.ts"
import { canonical } from "../tools/canonical.ts"
import { declined, notAsked, saidYes, type Answer, type Confirm, type Unconfirmed } from "../tools/Confirm.ts"
import { ConfirmationNeeded, ToolFailure } from "../tools/errors.ts"
import { declaredCapabilities } from "./clientCapabilities.ts"
import type { Era } from "./era.ts"

/** When the user is asked: `auto` where the client can ask, `always`, or `never`. */
export type ConfirmMode = "auto" | "always" | "never"

export interface ConfirmOptions {
  readonly mode: ConfirmMode
  /** Tools that are not asked for. */
  readonly skip: ReadonlyArray<string>
  readonly sealing: Sealing
}

/** What a client declared that it can do. */
export type ClientCapabilities = () => Readonly<Record<string, unknown>> | undefined

/** Makes the Confirm of one request. */
export type Confirmations = (
  ctx: ServerContext,
  era: Era,
  capabilities: ClientCapabilities
) => Context.Tag.Service<Confirm>

/** The key of the one question in a result that asks. */
const key = "confirm"

/** How long a question of the newer era may stay unanswered. */
const maxAge = Duration.minutes(5)

/** How long the older era waits for an answer, within the minute after which clients give up on a call. */
const maxWait = Duration.seconds(45)

/** With less time left than this nobody could answer. */
const minWait = Duration.seconds(1)

/** How many used confirmations a process remembers. */
const maxUsed = 10_000

/** The form that asks a question: one required yes or no. Source: the MCP specification, elicitation. */
const questionForm = (question: string) => ({
  mode: "form" as const,
  message: question,
  requestedSchema: {
    type: "object" as const,
    properties: {
      [key]: { type: "boolean" as const, title: "Go ahead", description: "true does it; false changes nothing" }
    },
    required: [key]
  }
})

/** The result that asks the client to put the question and call again. */
export const askFirst = ({ question, state }: ConfirmationNeeded): InputRequiredResult =>
  inputRequired({ inputRequests: { [key]: inputRequired.elicit(questionForm(question)) }, requestState: state })

const State = Schema.Struct({
  tool: Schema.String,
  digest: Schema.String,
  /** Digest of what the question was about beside the arguments. */
  basis: Schema.String,
  caller: Schema.String,
  /** Epoch milliseconds. */
  until: Schema.Number,
  id: Schema.String
})

const digestOf = (text: string) => createHash("sha256").update(text).digest("base64url")

const nothingDone = "Nothing was done."

const saidNo = declined(`The user did not confirm this. ${nothingDone}`)
const closed = declined(`The user closed the question without an answer. ${nothingDone}`)
const noTime = declined(`There was no time left to ask the user, so this is not confirmed. ${nothingDone}`)
const unanswered = (time: Duration.Duration) =>
  declined(
    `The user did not answer within ${Math.round(Duration.toSeconds(time))} seconds, so this is not confirmed. ${nothingDone}`
  )

const refused = (why: string) =>
  new ToolFailure({ message: `${why} ${nothingDone} Call again without the confirmation, so that the user is asked.` })

const cannotAsk = (tool: string) =>
  new ToolFailure({
    message: `${tool} needs the user's confirmation here, and this client has no way to ask. ${nothingDone} The operator's setting SEQUENTUM_CONFIRM decides this.`
  })

/** What the user said, by the response to the form. */
const answerOf = (action: string, content: unknown): Answer => {
  if (action === "cancel") return closed
  const isYes = action === "accept" && Predicate.isRecord(content) && content[key] === true
  return isYes ? saidYes : saidNo
}

/** Whether a client can show a form. One that declares elicitation without a kind can. */
const showsForms = (capabilities: unknown): boolean => {
  const elicitation = Predicate.isRecord(capabilities) ? capabilities["elicitation"] : undefined
  return Predicate.isRecord(elicitation) && (elicitation["form"] !== undefined || elicitation["url"] === undefined)
}

/** Remembers which confirmations were used, the latest `maxUsed`. */
const makeUsed = () => {
  const used = new Set<string>()
  return (id: string): boolean => {
    if (used.has(id)) return false
    used.add(id)
    if (used.size > maxUsed) {
      for (const oldest of used) {
        used.delete(oldest)
        break
      }
    }
    return true
  }
}

/**
 * Who calls, for a state that only the same caller may use: the verified subject of a token, so that a refreshed one
 * stands for the same caller, else the token or key itself. It is kept in sealed states only.
 */
export const callerDigest = Effect.map(Credentials, ({ scheme, secret, subject }) =>
  digestOf(subject === undefined ? `${scheme} ${Redacted.value(secret)}` : `subject ${subject}`)
)

/** Asks the user before a call that needs a confirmation. */
export const makeConfirmations = ({ mode, sealing, skip }: ConfirmOptions): Confirmations => {
  const { open, seal } = sealing("confirmation of tools/call", State)
  const useOnce = makeUsed()
  const skipped = new Set(skip)

  const basisOf = (call: Unconfirmed) => Effect.map(call.basis, digestOf)

  const ask = (call: Unconfirmed, digest: string) =>
    // The basis is read first: what changes after that is noticed when the answer comes.
    Effect.flatMap(Effect.zip(basisOf(call), call.question), ([basis, asked]) =>
      Option.match(asked, {
        onNone: () => Effect.succeed(notAsked),
        onSome: (question) =>
          Effect.gen(function* () {
            const now = yield* Clock.currentTimeMillis
            const state = seal({
              tool: call.tool,
              digest,
              basis,
              caller: yield* callerDigest,
              until: now + Duration.toMillis(maxAge),
              id: randomUUID()
            })
            return yield* new ConfirmationNeeded({ question, state })
          })
      })
    )

  /** The newer era: the answer comes with the same call, sent again. */
  const retried = (call: Unconfirmed, ctx: ServerContext) =>
    Effect.gen(function* () {
      const digest = digestOf(canonical(call.args))
      const state = ctx.mcpReq.requestState()
      if (typeof state !== "string") return yield* ask(call, digest)
      const opened = open(state)
      const caller = yield* callerDigest
      if (Option.isNone(opened) || opened.value.caller !== caller || opened.value.tool !== call.tool) {
        return yield* refused("This confirmation was given for another call.")
      }
      if (opened.value.digest !== digest) {
        return yield* refused("The arguments are not those that the user was asked about.")
      }
      if ((yield* Clock.currentTimeMillis) > opened.value.until) {
        return yield* refused(`The question was asked more than ${Duration.toMinutes(maxAge)} minutes ago.`)
      }
      const response = inputResponse(ctx.mcpReq.inputResponses, key)
      if (response.kind !== "elicit") return yield* ask(call, digest)
      const answer = answerOf(response.action, response.content)
      if (!answer.confirmed) return answer
      if ((yield* basisOf(call)) !== opened.value.basis) return yield* ask(call, digest)
      if (!useOnce(opened.value.id)) return yield* refused("This confirmation was used before, for the same call.")
      return answer
    })

  /** The older era: the question is a request of the server's own, while the call waits. */
  const asked = (call: Unconfirmed, ctx: ServerContext) =>
    Effect.flatMap(Effect.all([call.question, Deadline.waitLeft]), ([question, left]) => {
      const time = Duration.min(maxWait, left)
      return Option.match(question, {
        onNone: () => Effect.succeed(notAsked),
        onSome: (text) => {
          if (Duration.lessThan(time, minWait)) return Effect.succeed(noTime)
          return Effect.tryPromise((signal) =>
            ctx.mcpReq.send(
              { method: "elicitation/create", params: questionForm(text) },
              { signal, timeout: Duration.toMillis(maxWait) * 2 }
            )
          ).pipe(
            Effect.map(({ action, content }) => answerOf(action, content)),
            // The client may refuse the question or be gone: without a yes nothing is done.
            Effect.orElseSucceed(() => closed),
            Effect.timeoutTo({
              duration: time,
              onSuccess: (answer) => answer,
              onTimeout: () => unanswered(time)
            })
          )
        }
      })
    })

  return (ctx, era, capabilities) => ({
    ask: (call) => {
      if (mode === "never" || skipped.has(call.tool)) return Effect.succeed(saidYes)
      if (!showsForms(declaredCapabilities(ctx) ?? capabilities())) {
        return mode === "auto"
          ? Effect.succeed(notAsked)
          : Effect.flatMap(
              call.question,
              Option.match({
                onNone: () => Either.right(notAsked),
                onSome: () => Either.left(cannotAsk(call.tool))
              })
            )
      }
      return era === "modern" ? retried(call, ctx) : asked(call, ctx)
    }
  })
}
