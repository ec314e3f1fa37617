import * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { SequentumClient } from "../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../src/sequentum/client/upstreamHttpClient.ts"
import { services } from "../src/sequentum/services.ts"
import { allTools, ToolRegistry, type ToolDescriptor } from "../src/tools/registry.ts"
import { everything, select, type Selection, type SelectionRequest } from "../src/tools/selection.ts"
import type { JsonObject } from "../src/tools/Tool.ts"

/** A registry that can list but not call: it has no way to Sequentum. */
const registry = ToolRegistry.layer({ maxResultBytes: 40_000 }).pipe(
  Layer.provide(services),
  Layer.provide(
    SequentumClient.layer({ apiUrl: new URL("https://unused.invalid"), requestTimeout: Duration.seconds(1) })
  ),
  Layer.provide(layerHttpClient(new URL("https://unused.invalid"))),
  Layer.provide(
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make(() => Effect.dieMessage("Listing tools asks Sequentum for nothing"))
    )
  )
)

/** The tools that a selection offers, as a client is told of them. */
export const offered = (selection: Selection = everything): Promise<ReadonlyArray<ToolDescriptor>> =>
  Effect.runPromise(
    Effect.provide(
      Effect.map(ToolRegistry, (tools) => tools.list(selection)),
      registry
    )
  )

/** The selection for a request that names only tools and toolsets that there are. */
export const selectionOf = (request: SelectionRequest): Selection =>
  Either.getOrThrowWith(select(request, allTools), (problems) => new Error(problems.join(" ")))

/** One tool as it stands in the answer to tools/list. */
export const onTheWire = (tool: ToolDescriptor): JsonObject => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: tool.inputSchema,
  outputSchema: tool.outputSchema,
  annotations: { title: tool.title, ...tool.hints }
})
