import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import type * as Tracer from "effect/Tracer"

/** Chooses by whether spans are collected. */
export const whereTraced = <A, E, R>(traced: Effect.Effect<A, E, R>, plain: Effect.Effect<A, E, R>) =>
  Effect.withFiberRuntime<A, E, R>((fiber) => (fiber.getFiberRef(FiberRef.currentTracerEnabled) ? traced : plain))

/**
 * Makes a span around an Effect where spans are collected. Where they are not, which is how most servers run, there is
 * nothing to pay for.
 */
export const spanned =
  (name: string, options: Omit<Tracer.SpanOptions, "captureStackTrace">) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    whereTraced(Effect.withSpan(self, name, { ...options, captureStackTrace: false }), self)
