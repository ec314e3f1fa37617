import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Sets no limit of its own to how long an answer takes to begin: a synchronous run may take more than an hour. */
const patiently: Undici.Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch({ ...options, headersTimeout: 0 }, handler)

const connections = Effect.acquireRelease(
  Effect.sync(() => new Undici.Agent()),
  (agent) => Effect.promise(() => agent.destroy())
)

/**
 * undici's HTTP client, which spends a third of what Node's own does on a request: for a server of many. Made from its
 * parts, since the ready-made Layer would set up the context of every request anew.
 */
export const busyHttpClient: Layer.Layer<HttpClient.HttpClient> = Layer.scoped(
  HttpClient.HttpClient,
  Effect.map(connections, (agent) => NodeHttpClient.makeUndici(agent.compose(patiently)))
)
