import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type { Settings } from "../../config.ts"
import { makeMemory } from "../../runtime/memory.ts"
import { makeLabels } from "../../runtime/metricLabels.ts"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { makePermits } from "../../runtime/permits.ts"
import { Tokens } from "../../sequentum/Tokens.ts"
import { isExpired, unverifiedClaims } from "./claims.ts"
import { makeRateLimiter } from "./rateLimit.ts"
import { makeSignatures } from "./signatures.ts"

/** What is known of a bearer token. */
export type Proof =
  /** With the scopes that its verified claims name, if they do. */
  | {
      readonly _tag: "Proven"
      readonly scopes: ReadonlyArray<string> | undefined
      /** Whose token it is, if its signature proves that. */
      readonly subject: string | undefined
    }
  | { readonly _tag: "Refused" }
  /** Nobody could be asked, or nobody knew. The call itself decides. */
  | { readonly _tag: "Open" }
  /** Tokens are not checked here. */
  | { readonly _tag: "Unchecked" }
  /** The address has sent too many tokens that were refused. */
  | { readonly _tag: "TooMany"; readonly retryAfterSeconds: number }

/** A bearer token of a request. */
export interface Presented {
  readonly token: string
  /** Its keyed hash. */
  readonly account: string
  /** The name of the address that it came from. */
  readonly address: string
}

/** Proves bearer tokens, and remembers it by their keyed hash. */
export class TokenProof extends Context.Tag("http/TokenProof")<
  TokenProof,
  {
    /** Whether a token has been proven. It may have to be proven again. */
    readonly isKnown: (account: string) => boolean
    readonly prove: (presented: Presented) => Effect.Effect<Proof>
  }
>() {
  static readonly layer = ({ tokenCheck }: Pick<Settings, "tokenCheck">) =>
    tokenCheck === "off" ? Layer.succeed(TokenProof, unchecked) : Layer.scoped(TokenProof, make)
}

const refused: Proof = { _tag: "Refused" }
const open: Proof = { _tag: "Open" }

const provenFor = Duration.toMillis("5 minutes")
const refusedFor = Duration.toMillis("1 minute")

/** Of each kind of memory, the least recently used is dropped first. */
const maxRemembered = 10_000

/**
 * How many questions about tokens of one address may be in vain in any 60 seconds: those that are answered by a refusal,
 * and those that are not answered.
 */
const maxInVain = 20

/** Requests to Sequentum about tokens: at once in all, and from one address. */
const maxAsking = 16
const maxAskingPerAddress = 4

/** The longest time that a request waits for its proof. */
const maxWait = Duration.seconds(15)

/** How long nobody is asked after Sequentum has failed to answer. */
const pauseAfterFailure = Duration.toMillis("5 seconds")

const checks = Metric.counter("mcp_token_checks", {
  description: "Bearer tokens checked, by how (signature or request) and outcome"
})
const checkLabels = makeLabels("by", "outcome")
const count = (by: "signature" | "request", outcome: string) => checks.unsafeUpdate(1, checkLabels(by, outcome))

/** Even where nothing is checked, an expired token is of no use to anybody. */
const expiredOrMalformed = (token: string, now: number): boolean =>
  Option.exists(unverifiedClaims(token), (claims) => claims === "malformed" || isExpired(claims, now))

const unchecked: TokenProof["Type"] = {
  isKnown: () => false,
  prove: ({ token }) =>
    Effect.clockWith((clock) =>
      Effect.succeed(
        expiredOrMalformed(token, clock.unsafeCurrentTimeMillis()) ? refused : ({ _tag: "Unchecked" } as const)
      )
    )
}

interface Known {
  readonly proof: Proof & { readonly _tag: "Proven" }
  readonly exp: number | undefined
  /** In monotonic time. */
  readonly until: number
}

const make = Effect.gen(function* () {
  const tokens = yield* Tokens
  const { verify } = yield* makeSignatures
  const clock = yield* Effect.clock
  const scope = yield* Effect.scope
  const refusals = yield* makeRateLimiter(maxInVain)
  const unanswered = yield* makeRateLimiter(maxInVain)
  const asking = yield* Effect.makeSemaphore(maxAsking)
  const perAddress = makePermits(maxAskingPerAddress)
  const proven = makeMemory<Known>(maxRemembered)
  /** Until when each token stays refused, in monotonic time. */
  const refusedUntil = makeMemory<number>(maxRemembered)
  const pending = new Map<string, Deferred.Deferred<Proof>>()
  let pausedUntil = 0

  const now = () => monotonicMillis(clock)

  /** Asks Sequentum. The checks come after the waiting: of a thousand bad tokens at once, most need no request then. */
  const ask = ({ address, token }: Presented): Effect.Effect<Proof> =>
    Effect.suspend((): Effect.Effect<Proof> => {
      const { allowed, reset } = refusals.peek(address)
      if (!allowed) return Effect.succeed({ _tag: "TooMany", retryAfterSeconds: reset })
      if (now() < pausedUntil || !unanswered.peek(address).allowed) return Effect.succeed(open)
      return Effect.map(tokens.ask(token), (verdict): Proof => {
        count("request", verdict._tag)
        if (verdict._tag === "Accepted") return { _tag: "Proven", scopes: undefined, subject: undefined }
        if (verdict._tag === "Refused") {
          refusals.take(address)
          return refused
        }
        unanswered.take(address)
        if (verdict.isDown) pausedUntil = now() + pauseAfterFailure
        return open
      })
    }).pipe(asking.withPermits(1), (effect) => perAddress(address, effect))

  const find = (presented: Presented, isJwt: boolean): Effect.Effect<Proof> =>
    isJwt
      ? Effect.flatMap(verify(presented.token), (verdict): Effect.Effect<Proof> => {
          count("signature", verdict._tag)
          if (verdict._tag === "Undecided") return ask(presented)
          return Effect.succeed(verdict._tag === "Valid" ? { ...verdict, _tag: "Proven" } : refused)
        })
      : ask(presented)

  const remember = (account: string, proof: Proof, exp: number | undefined) => {
    if (proof._tag === "Proven") proven.set(account, { proof, exp, until: now() + provenFor })
    if (proof._tag === "Refused") {
      proven.delete(account)
      refusedUntil.set(account, now() + refusedFor)
    }
  }

  /** One proof for all who wait for it. It goes on if one of them leaves. */
  const share = (presented: Presented, isJwt: boolean, exp: number | undefined): Effect.Effect<Proof> =>
    Effect.suspend(() => {
      const { account } = presented
      const running = pending.get(account)
      if (running !== undefined) return Deferred.await(running)
      return Effect.gen(function* () {
        const result = yield* Deferred.make<Proof>()
        pending.set(account, result)
        yield* find(presented, isJwt).pipe(
          Effect.timeoutTo({ duration: maxWait, onSuccess: (proof) => proof, onTimeout: () => open }),
          Effect.catchAllCause((cause) => Effect.as(Effect.logError("A token could not be checked", cause), open)),
          Effect.tap((proof) =>
            Effect.suspend(() => {
              remember(account, proof, exp)
              pending.delete(account)
              return Deferred.succeed(result, proof)
            })
          ),
          Effect.forkIn(scope)
        )
        return yield* Deferred.await(result)
      })
    })

  const prove = (presented: Presented): Effect.Effect<Proof> =>
    Effect.suspend(() => {
      const { account, token } = presented
      const time = clock.unsafeCurrentTimeMillis()
      const known = proven.get(account)
      if (known !== undefined) {
        if (isExpired(known, time)) {
          proven.delete(account)
          return Effect.succeed(refused)
        }
        if (now() < known.until) return Effect.succeed(known.proof)
      }
      if (now() < (refusedUntil.get(account) ?? 0)) return Effect.succeed(refused)
      const claims = unverifiedClaims(token)
      if (Option.isNone(claims)) return share(presented, false, undefined)
      return claims.value === "malformed" || isExpired(claims.value, time)
        ? Effect.succeed(refused)
        : share(presented, true, claims.value.exp)
    })

  return { isKnown: (account: string) => proven.get(account) !== undefined, prove }
})
