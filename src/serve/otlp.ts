import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Tracer from "effect/Tracer"
import { version } from "../runtime/version.ts"

/** A failure reduced to its kind. */
class Failure extends Error {
  override readonly stack = ""
  constructor(name: string) {
    super(name)
    this.name = name
  }
}

const kind = (error: unknown) =>
  Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "Failure"

const withoutDetails = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> => {
  if (Cause.isInterruptedOnly(cause)) return cause
  return Cause.fail(new Failure(Option.match(Cause.failureOption(cause), { onNone: () => "Defect", onSome: kind })))
}

/** Errors and log lines may quote a caller's arguments, so spans get only the kind of an error. */
const discreetTracer = (tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    context: (run, fiber) => tracer.context(run, fiber),
    span: (...about) => {
      const span = tracer.span(...about)
      const end = span.end.bind(span)
      span.end = (time, exit) => end(time, Exit.mapErrorCause(exit, withoutDetails))
      span.event = () => undefined
      return span
    }
  })

/** Sends traces and metrics to the collector at `endpoint`, as JSON over HTTP. Logs stay on stderr. */
export const otlpLayer = (endpoint: URL): Layer.Layer<never> => {
  const base = endpoint.href.replace(/\/+$/u, "")
  const resource = { serviceName: "sequentum-mcp", serviceVersion: version }
  const tracer = OtlpTracer.make({ url: `${base}/v1/traces`, resource })
  return Layer.merge(
    Layer.unwrapScoped(Effect.map(tracer, (made) => Layer.setTracer(discreetTracer(made)))),
    OtlpMetrics.layer({ url: `${base}/v1/metrics`, resource })
  ).pipe(Layer.provide(OtlpSerialization.layerJson), Layer.provide(NodeHttpClient.layer))
}
