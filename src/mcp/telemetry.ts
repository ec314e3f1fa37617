import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { Attempts } from "../sequentum/Attempts.ts"

/** Tool calls by tool, era and outcome; the outcome is `ok` or an error's tag. */
const toolCalls = Metric.counter("mcp_tool_calls", { description: "Tool calls by tool, era and outcome" })

const toolSeconds = Metric.histogram(
  "mcp_tool_call_seconds",
  MetricBoundaries.fromIterable([0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]),
  "Duration of tool calls in seconds"
)

const upstreamRequests = Metric.counter("sequentum_requests", {
  description: "Requests sent to Sequentum for tool calls, retries included"
})

const TraceContext = Schema.Struct({ traceparent: Schema.String })
const readTraceContext = Schema.decodeUnknownOption(TraceContext)

// Version ff is reserved, so that a header can't be one of it.
const traceparent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/u

/** The W3C trace context that a request's `_meta` carries. */
const parentSpan = (meta: unknown): Option.Option<Tracer.ExternalSpan> =>
  Option.flatMap(readTraceContext(meta), (context) => {
    const [, traceId, spanId, flags] = traceparent.exec(context.traceparent) ?? []
    return traceId === undefined || spanId === undefined || /^0+$/u.test(traceId) || /^0+$/u.test(spanId)
      ? Option.none()
      : Option.some(Tracer.externalSpan({ traceId, spanId, sampled: (parseInt(flags ?? "0", 16) & 1) === 1 }))
  })

interface Call {
  readonly tool: string
  readonly era: "legacy" | "modern"
  readonly meta: unknown
}

/**
 * Makes a span and counts for a tool call: tool, era, outcome, requests sent upstream, duration. Never an argument, a
 * result or a credential.
 */
export const observed =
  ({ era, meta, tool }: Call) =>
  <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const startedAt = yield* Clock.currentTimeMillis
      let attempts = 0
      const record = (outcome: string) =>
        Effect.gen(function* () {
          const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
          yield* Metric.increment(toolCalls).pipe(Effect.tagMetrics({ tool, era, outcome }))
          yield* Metric.update(toolSeconds, seconds).pipe(Effect.tagMetrics({ tool }))
          yield* Metric.incrementBy(upstreamRequests, attempts)
          yield* Effect.annotateCurrentSpan({ outcome, "sequentum.attempts": attempts })
        })
      return yield* call.pipe(
        Effect.provideService(Attempts, {
          sent: () => {
            attempts += 1
          }
        }),
        Effect.tapBoth({ onFailure: (error) => record(error._tag), onSuccess: () => record("ok") }),
        Effect.onInterrupt(() => record("Interrupted"))
      )
    }).pipe(
      Effect.withSpan("tools/call", {
        attributes: { "mcp.tool": tool, "mcp.era": era },
        ...Option.match(parentSpan(meta), { onNone: () => ({}), onSome: (parent) => ({ parent }) })
      })
    )
