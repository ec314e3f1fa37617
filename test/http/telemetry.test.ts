import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { otlpLayer } from "../../src/serve/otlp.ts"
import { collector } from "../support/collector.ts"
import { endpoint, openSession } from "../support/endpoint.ts"
import { callTool, jwt, metric, startRun } from "../support/wire.ts"

const Attributes = Schema.Array(
  Schema.Struct({
    key: Schema.String,
    value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
  })
)

const Span = Schema.Struct({
  name: Schema.String,
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  attributes: Attributes,
  status: Schema.Struct({ code: Schema.Int, message: Schema.optional(Schema.String) })
})

const Traces = Schema.parseJson(
  Schema.Struct({
    resourceSpans: Schema.Array(
      Schema.Struct({ scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) })) })
    )
  })
)

const attributesOf = ({ attributes }: typeof Span.Type) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** Everything that the endpoint exported until it stopped. */
const exported = <E, R>(
  drive: (at: Effect.Effect.Success<ReturnType<typeof endpoint>>) => Effect.Effect<unknown, E, R>
) =>
  Effect.gen(function* () {
    const { received, url } = yield* collector
    const at = yield* endpoint({}, 1, { telemetry: otlpLayer(url) })
    yield* drive(at)
    yield* Fiber.interrupt(at.fiber)
    const traces = yield* Effect.forEach(
      received.filter(({ path }) => path === "/base/v1/traces"),
      ({ body }) => Schema.decodeUnknown(Traces)(body)
    )
    const spans = traces.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
    )
    return {
      all: received.map(({ body }) => body).join("\n"),
      metrics: received.filter(({ path }) => path === "/base/v1/metrics").map(({ body }) => body),
      spans,
      calls: spans.filter(({ name }) => name === "tools/call")
    }
  })

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

describe("OpenTelemetry", () => {
  it.scopedLive("the span of a call has its tool, era, outcome and number of requests, in both eras", () =>
    Effect.gen(function* () {
      const { calls, metrics } = yield* exported(({ mcp }) =>
        Effect.gen(function* () {
          const session = yield* openSession(mcp)
          yield* callTool.modern(mcp, "list_spaces", {})
          yield* callTool.legacy(mcp, "get_agent", { agentId: 999_999 }, { session })
          yield* callTool.modern(mcp, "get_agent", { agentId: "nonsense" })
          yield* callTool.modern(mcp, "hack_the_planet", {})
        })
      )
      assert.deepStrictEqual(
        calls.map((span) => {
          const { "mcp.era": era, "mcp.tool": tool, outcome, "sequentum.attempts": attempts } = attributesOf(span)
          return [tool, era, outcome, Number(attempts), span.status.code]
        }),
        [
          ["list_spaces", "modern", "ok", 1, 1],
          ["get_agent", "legacy", "NotFound", 1, 2],
          ["get_agent", "modern", "InvalidArguments", 0, 2],
          ["unknown", "modern", "UnknownTool", 0, 2]
        ]
      )
      assert.isNotEmpty(metrics)
      assert.include(metrics.join(""), "mcp_tool_calls")
    })
  )

  it.scopedLive("a call joins the client's trace, unless its traceparent is malformed", () =>
    Effect.gen(function* () {
      const malformed = [
        `00-${"0".repeat(32)}-${spanId}-01`,
        `00-${traceId}-${"0".repeat(16)}-01`,
        `ff-${traceId}-${spanId}-01`,
        `00-${traceId.toUpperCase()}-${spanId}-01`,
        `00-${traceId}-${spanId}`,
        "nonsense",
        7
      ]
      const { calls, spans } = yield* exported(({ mcp }) =>
        Effect.gen(function* () {
          const session = yield* openSession(mcp)
          yield* callTool.modern(mcp, "list_spaces", {}, {}, { traceparent: `00-${traceId}-${spanId}-01` })
          yield* callTool.legacy(mcp, "list_spaces", {}, { session }, { traceparent: `00-${traceId}-${spanId}-01` })
          for (const traceparent of malformed) yield* callTool.modern(mcp, "list_spaces", {}, {}, { traceparent })
        })
      )
      const [modern, legacy, ...rest] = calls
      for (const span of [modern, legacy]) {
        assert.strictEqual(span?.traceId, traceId)
        assert.strictEqual(span?.parentSpanId, spanId)
      }
      assert.strictEqual(rest.length, malformed.length)
      for (const span of rest) {
        assert.notStrictEqual(span.traceId, traceId)
        assert.isUndefined(span.parentSpanId)
      }
      // The requests of a call are in its trace.
      assert.isTrue(spans.some(({ parentSpanId }) => parentSpanId === modern?.spanId))
    })
  )

  it.scopedLive("no argument, result or token is exported", () =>
    Effect.gen(function* () {
      const token = jwt({ sub: "alice", jti: "t0p-s3cret" })
      const { all, calls } = yield* exported(({ mcp }) =>
        Effect.gen(function* () {
          const session = yield* openSession(mcp, { token })
          yield* callTool.modern(mcp, "list_agents", { search: "needle-in-haystack" }, { token })
          yield* callTool.modern(mcp, "get_agent", { agentId: 987_654_321 }, { token })
          yield* callTool.legacy(mcp, "get_agent", { agentId: "needle-in-haystack" }, { session, token })
          yield* callTool.legacy(
            mcp,
            "start_agent",
            { agentId: 4101, inputParameters: "needle-in-haystack" },
            { session, token }
          )
          yield* callTool.modern(mcp, "needle-in-haystack", {}, { token })
          yield* callTool.modern(mcp, "get_agent", { agentId: 4101 }, { token })
        })
      )
      assert.strictEqual(calls.length, 6)
      for (const secret of ["needle", "987654321", token, "t0p", "4101", "Books catalogue", "alice"]) {
        assert.notInclude(all, secret)
      }
    })
  )

  it.scopedLive("a cancelled call is exported as interrupted", () =>
    Effect.gen(function* () {
      const { calls } = yield* exported((at) =>
        Effect.gen(function* () {
          const ids = yield* startRun(at)
          const controller = new AbortController()
          const interrupted = metric(
            at.url,
            'mcp_tool_calls_total{tool="wait_for_run",era="modern",outcome="Interrupted"}'
          )
          const call = yield* Effect.fork(
            Effect.exit(
              callTool.modern(at.mcp, "wait_for_run", ids, { signal: controller.signal }, { progressToken: 1 })
            )
          )
          const answer = yield* call
          assert.strictEqual(answer._tag, "Success")
          const before = yield* interrupted
          controller.abort()
          yield* Effect.repeat(interrupted, { until: (count) => count > before })
        })
      )
      const waited = calls.find((span) => attributesOf(span)["mcp.tool"] === "wait_for_run")
      assert.strictEqual(waited === undefined ? undefined : attributesOf(waited)["outcome"], "Interrupted")
    })
  )

  it.scopedLive("a collector that can't be reached changes nothing for clients", () =>
    Effect.gen(function* () {
      const { fiber, mcp } = yield* endpoint({}, 600, { telemetry: otlpLayer(new URL("http://127.0.0.1:1")) })
      const response = yield* callTool.modern(mcp, "list_spaces", {})
      assert.strictEqual(response.status, 200)
      yield* Fiber.interrupt(fiber)
    })
  )
})
