import type { VersionTools } from "../../src/tools/catalog/versions.ts"
import { changes, reads, refusal, sandboxAgents, type Cases } from "./ToolCase.ts"

export const versionCases: Cases<typeof VersionTools> = {
  get_agent_versions: {
    annotations: reads,
    arguments: { agentId: 7 },
    exchanges: [
      {
        request: "GET /agent/7/versions",
        answer: {
          body: [{ version: 4, userName: "Dana", created: "2026-02-01T00:00:00Z", comments: "New menu", fileSize: 500 }]
        }
      }
    ],
    result: {
      versions: [{ version: 4, userName: "Dana", created: "2026-02-01T00:00:00Z", comments: "New menu", fileSize: 500 }]
    },
    refuses: [refusal({ agentId: -1 }, "agentId must be an integer of at least 1, but was -1.")],
    sandbox: sandboxAgents.map((agentId) => ({ agentId }))
  },

  restore_agent_version: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: false }),
    arguments: { agentId: 7, versionNumber: 3, comments: "The new menu broke it" },
    exchanges: [
      {
        request: "POST /agent/7/version/3/restore",
        sends: { content: "The new menu broke it" },
        answer: { body: "" }
      }
    ],
    result: { restored: true, agentId: 7, versionNumber: 3 },
    refuses: [
      refusal(
        { agentId: 7, versionNumber: 0 },
        "versionNumber must be an integer of at least 1, but was 0.",
        "comments is required: a text of 1 to 1000 characters, not blank."
      )
    ],
    everyArgument: { agentId: 4101, versionNumber: 1, comments: "Back" },
    expectsNothing: true
  }
}
