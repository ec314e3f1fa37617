import * as Metric from "effect/Metric"
import { makeLabels } from "../../runtime/metricLabels.ts"

const requests = Metric.counter("mcp_http_requests", { description: "Requests to the endpoint by method and status" })
const requestLabels = makeLabels("method", "status")

const methods: ReadonlySet<string> = new Set(["GET", "POST", "DELETE", "OPTIONS"])

/** Counts a response. Clients can invent methods, so unknown ones are counted together. */
export const countRequest = (method: string, status: number): void =>
  requests.unsafeUpdate(1, requestLabels(methods.has(method) ? method : "other", String(status)))
