import type { BuilderTools } from "../../src/tools/catalog/builder.ts"
import { changes, reads, refusal, type Cases } from "./ToolCase.ts"

const session = { sessionId: "session-1" }

const status = {
  request: "GET /agent-builder/session-1/status",
  answer: { body: { status: "completed", agentId: 9, agentName: "Shoes", error: null } }
}

/** The build in a result. */
const build = { ...session, status: "completed", agentId: 9, agentName: "Shoes" }

const prompt = "Scrape all shoes of https://shoes.example"

export const builderCases: Cases<typeof BuilderTools> = {
  start_agent_build: {
    annotations: changes({ destructiveHint: false, openWorldHint: true, idempotentHint: false }),
    arguments: { prompt, spaceId: 3 },
    exchanges: [{ request: "POST /agent-builder/start", sends: { prompt, spaceId: 3 }, answer: { body: session } }],
    result: session,
    refuses: ["nine char", "   nine char   ", "x".repeat(5001), "📚".repeat(9), "          "].map((bad) =>
      refusal(
        { prompt: bad },
        `prompt must be a text (the user's own words, 10 to 5000 characters without outer white space), but was a text of ${bad.length} characters.`
      )
    ),
    everyArgument: { prompt: "Scrape every book of https://books.example", spaceId: 101 }
  },

  get_agent_build_status: {
    annotations: reads,
    arguments: session,
    exchanges: [status],
    result: { ...build, isFinal: true },
    refuses: [refusal({ sessionId: "" }, 'sessionId must be a text of 1 to 256 characters, not blank, but was "".')]
  },

  stop_agent_build: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: true }),
    arguments: session,
    exchanges: [{ request: "POST /agent-builder/session-1/stop", answer: { status: 204 } }],
    result: { stopped: true, ...session },
    refuses: [refusal({}, "sessionId is required: a text of 1 to 256 characters, not blank.")],
    everyArgument: { sessionId: "nowhere" },
    expectsNothing: true
  },

  wait_for_agent_build: {
    annotations: reads,
    arguments: session,
    exchanges: [status],
    result: { build, isFinal: true, waitedSeconds: 0 },
    refuses: [
      refusal({ ...session, timeoutSeconds: 60 }, "timeoutSeconds must be an integer from 1 to 45, but was 60.")
    ]
  }
}
