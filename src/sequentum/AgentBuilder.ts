import * as Effect from "effect/Effect"
import { BuildStarted, BuildStatus } from "./schemas/Build.ts"
import type { SessionId, SpaceId } from "./schemas/common.ts"
import { apiPath, SequentumClient } from "./client/SequentumClient.ts"

/**
 * Builds agents from plain words, one prompt a session. Every method fails with a SequentumError.
 * Source: docs.sequentum.com/agent-builder/sessions.
 */
export class AgentBuilder extends Effect.Service<AgentBuilder>()("sequentum/AgentBuilder", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const start = (prompt: string, spaceId?: SpaceId) =>
      Effect.map(
        client.post("/agent-builder/start", BuildStarted, { body: { prompt, spaceId } }),
        ({ sessionId }) => sessionId
      )

    const status = (sessionId: SessionId) => client.get(apiPath`/agent-builder/${sessionId}/status`, BuildStatus)

    /** Ends the session; an agent already drafted stays. No effect on a session that has ended. */
    const stop = (sessionId: SessionId) => client.postVoid(apiPath`/agent-builder/${sessionId}/stop`)

    return { start, status, stop } as const
  })
}) {}
