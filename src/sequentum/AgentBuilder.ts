import * as Effect from "effect/Effect"
import { BuildStarted, BuildStatus } from "./schemas/Build.ts"
import type { SessionId, SpaceId } from "./schemas/common.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient, type Retries } from "./client/SequentumClient.ts"

/**
 * Builds agents from a prompt in plain words, one prompt per session. Every method fails with a SequentumError.
 * Source: docs.sequentum.com/agent-builder/sessions.
 */
export class AgentBuilder extends Effect.Service<AgentBuilder>()("sequentum/AgentBuilder", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const start = (prompt: string, spaceId?: SpaceId) =>
      Effect.map(
        client.post(apiPath("space", { changes: "draft" })`/agent-builder/start`, BuildStarted, {
          body: { prompt, spaceId }
        }),
        ({ sessionId }) => sessionId
      )

    const status = (sessionId: SessionId, retries: Retries = {}) =>
      client.get(apiPath("build")`/agent-builder/${sessionId}/status`, BuildStatus, retries)

    /** Ends the session; an agent that was already drafted stays. Does nothing if the session has ended. */
    const stop = (sessionId: SessionId) => client.postVoid(apiPath("build")`/agent-builder/${sessionId}/stop`)

    return { start, status, stop } as const
  })
}) {}
