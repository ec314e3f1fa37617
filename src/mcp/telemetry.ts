import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { makeLabels } from "../runtime/metricLabels.ts"
import { ifTraced } from "../runtime/tracing.ts"
import type { Era } from "./era.ts"

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

const callLabels = makeLabels("tool", "era", "outcome")
const toolLabels = makeLabels("tool")
const noLabels = makeLabels()

/** What telemetry records of a tool call: never an argument, a result or a credential. */
export interface ObservedCall {
  readonly tool: string
  readonly era: Era
  /** How many requests were sent upstream so far. */
  readonly attempts: () => number
}

type CallExit = Exit.Exit<unknown, { readonly _tag: string }>

const outcomeOf = (exit: CallExit) =>
  Exit.match(exit, {
    onSuccess: () => "ok",
    onFailure: (cause) =>
      Cause.isInterruptedOnly(cause)
        ? "Interrupted"
        : Option.match(Cause.failureOption(cause), { onNone: () => "Defect", onSome: ({ _tag }) => _tag })
  })

/** Counts a tool call that has ended. */
export const countCall = ({ attempts, era, tool }: ObservedCall, exit: CallExit, seconds: number): void => {
  toolCalls.unsafeUpdate(1, callLabels(tool, era, outcomeOf(exit)))
  toolSeconds.unsafeUpdate(seconds, toolLabels(tool))
  upstreamRequests.unsafeUpdate(attempts(), noLabels())
}

/** Makes a span around a tool call, as part of the trace that the request's `_meta` tells of. */
export const tracedCall =
  ({ attempts, era, tool }: ObservedCall, meta: unknown) =>
  <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    ifTraced(
      Effect.suspend(() =>
        Effect.onExit(call, (exit) =>
          Effect.annotateCurrentSpan({ outcome: outcomeOf(exit), "sequentum.attempts": attempts() })
        ).pipe(
          Effect.withSpan("tools/call", {
            captureStackTrace: false,
            attributes: { "mcp.tool": tool, "mcp.era": era },
            ...Option.match(parentSpan(meta), { onNone: () => ({}), onSome: (parent) => ({ parent }) })
          })
        )
      ),
      call
    )
