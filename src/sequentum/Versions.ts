import * as Effect from "effect/Effect"
import { rows, type AgentId } from "./schemas/common.ts"
import { Version } from "./schemas/Version.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

const VersionList = rows(Version)

/** Versions of agents. Every method fails with a SequentumError. */
export class Versions extends Effect.Service<Versions>()("sequentum/Versions", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const list = (agentId: AgentId) => client.get(apiPath("agent")`/agent/${agentId}/versions`, VersionList)

    /** As `list`, with Sequentum's own time of the answer. */
    const listDated = (agentId: AgentId) => client.getDated(apiPath("agent")`/agent/${agentId}/versions`, VersionList)

    /** Makes a new version with the content of an old one. Active runs are not affected. */
    const restore = (agentId: AgentId, version: number, comments: string) =>
      client.postVoid(apiPath("version")`/agent/${agentId}/version/${version}/restore`, { body: { content: comments } })

    return { list, listDated, restore } as const
  })
}) {}
