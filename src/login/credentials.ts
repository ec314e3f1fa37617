import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { Credentials, type Renewal } from "../sequentum/Credentials.ts"
import { refresh, type Http } from "./oauth.ts"
import { isNearlyOver, isNew, isSameSecret, type Session } from "./Session.ts"
import { readSession, withLock, writeSession, type FileProblem } from "./SessionFile.ts"

/** The session to use in place of `old`: the one that another process has made meanwhile, or a renewed one. */
const renewed = (http: Http, origin: string, old: Session) =>
  withLock(
    Effect.gen(function* () {
      const stored = yield* readSession(origin)
      if (Option.isNone(stored)) return Option.none()
      const session = stored.value
      const now = yield* Clock.currentTimeMillis
      if (!isSameSecret(session.accessToken, old.accessToken) && !isNearlyOver(session, now)) return stored
      if (session.refreshToken === undefined) return Option.none()
      const next = yield* refresh(http, session, session.refreshToken).pipe(
        Effect.map(Option.some),
        // Nothing of the session is of use any more.
        Effect.catchIf(
          ({ code }) => code === "invalid_grant",
          () => Effect.succeed(Option.none<Session>())
        )
      )
      yield* writeSession(origin, next)
      return next
    })
  )

/**
 * The credentials of a sign-in, which renew themselves; none if nobody is signed in to the host. `http` is used for
 * renewals only.
 */
export const signedInCredentials = (
  http: Http,
  origin: string
): Effect.Effect<Option.Option<Credentials["Type"]>, FileProblem> =>
  Effect.gen(function* () {
    const found = yield* readSession(origin)
    if (Option.isNone(found)) return Option.none()
    let session = found.value
    const turns = yield* Effect.makeSemaphore(1)

    /** Renews unless that has been done since `secret` was current. Not interrupted: a rotated token would be lost. */
    const renewFrom = (secret: Redacted.Redacted) =>
      turns.withPermits(1)(
        Effect.suspend(() =>
          isSameSecret(secret, session.accessToken)
            ? renewed(http, origin, session).pipe(
                Effect.tap((next) =>
                  Effect.sync(() => {
                    session = Option.getOrElse(next, () => session)
                  })
                ),
                // Its error may say where the user keeps files, and nothing of a token.
                Effect.catchAll(({ reason }) => Effect.logWarning(`The sign-in could not be renewed: ${reason}`)),
                Effect.uninterruptible
              )
            : Effect.void
        )
      )

    const renewal: Renewal = {
      beforeUse: Effect.flatMap(Clock.currentTimeMillis, (now) =>
        isNearlyOver(session, now) ? renewFrom(session.accessToken) : Effect.void
      ),
      afterRefusal: (refused) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          if (isSameSecret(refused, session.accessToken) && isNew(session, now)) return false
          yield* renewFrom(refused)
          return !isSameSecret(refused, session.accessToken)
        })
    }
    return Option.some(
      Credentials.of({
        scheme: "Bearer",
        get secret() {
          return session.accessToken
        },
        renewal
      })
    )
  })

/** Whether somebody is signed in to the host, after a renewal where that is needed. */
export const isSignedIn = (http: Http, origin: string): Effect.Effect<boolean, FileProblem> =>
  Effect.gen(function* () {
    const found = yield* signedInCredentials(http, origin)
    if (Option.isNone(found)) return false
    yield* found.value.renewal?.beforeUse ?? Effect.void
    const now = yield* Clock.currentTimeMillis
    return Option.exists(yield* readSession(origin), (session) => !isNearlyOver(session, now))
  })
