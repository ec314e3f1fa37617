import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import type * as Tracer from "effect/Tracer"

/** `traced` if tracing is on, otherwise `plain`. */
export const ifTraced = <A, E, R>(traced: Effect.Effect<A, E, R>, plain: Effect.Effect<A, E, R>) =>
  Effect.withFiberRuntime<A, E, R>((fiber) => (fiber.getFiberRef(FiberRef.currentTracerEnabled) ? traced : plain))

/** `Effect.withSpan` without its cost, a few µs a call, when tracing is off, as it is unless a collector is set. */
export const withSpan =
  (name: string, options: Omit<Tracer.SpanOptions, "captureStackTrace">) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    ifTraced(Effect.withSpan(self, name, { ...options, captureStackTrace: false }), self)
