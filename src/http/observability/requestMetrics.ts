import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { makeLabels } from "../../runtime/metricLabels.ts"

const requests = Metric.counter("mcp_http_requests", { description: "Requests to the endpoint by method and status" })
const requestLabels = makeLabels("method", "status")

const sessions = Metric.gauge("mcp_sessions", { description: "Sessions that are open" })

const methods: ReadonlySet<string> = new Set(["GET", "POST", "DELETE", "OPTIONS"])

/** Counts a response. Clients can invent methods, so unknown ones are counted together. */
export const countRequest = (method: string, status: number): void =>
  requests.unsafeUpdate(1, requestLabels(methods.has(method) ? method : "other", String(status)))

export const setSessions = (count: number): Effect.Effect<void> => Metric.set(sessions, count)
