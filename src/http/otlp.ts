import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"
import { version } from "../version.ts"

/** Sends traces and metrics to the collector at `endpoint`, as JSON over HTTP. Logs stay on stderr. */
export const otlpLayer = (endpoint: URL): Layer.Layer<never> => {
  const base = endpoint.href.replace(/\/+$/u, "")
  const resource = { serviceName: "sequentum-mcp", serviceVersion: version }
  return Layer.merge(
    OtlpTracer.layer({ url: `${base}/v1/traces`, resource }),
    OtlpMetrics.layer({ url: `${base}/v1/metrics`, resource })
  ).pipe(Layer.provide(OtlpSerialization.layerJson), Layer.provide(NodeHttpClient.layer))
}
