import type { SpaceTools } from "../../src/tools/catalog/spaces.ts"
import { agent, agentRow } from "./agents.cases.ts"
import { changes, reads, refusal, type Cases } from "./ToolCase.ts"

/** A space as Sequentum sends it. */
const space = { id: 3, name: "Retail", description: null, organizationId: 1, created: null, isDefaultAccess: true }

/** The same space in a result. */
const detail = { spaceId: 3, name: "Retail", organizationId: 1, isDefaultAccess: true }

const ids = { spaceId: 3 }

const sandboxSpaces = [{ spaceId: 101 }, { spaceId: 104 }]

export const spaceCases: Cases<typeof SpaceTools> = {
  list_spaces: {
    annotations: reads,
    arguments: {},
    exchanges: [{ request: "GET /spaces", answer: { body: [space] } }],
    result: { spaces: [detail] },
    refuses: [refusal({ name: "Retail" }, '"name" is not a parameter: list_spaces takes no parameters.')],
    sandbox: [{}]
  },

  get_space: {
    annotations: reads,
    arguments: ids,
    exchanges: [{ request: "GET /spaces/3", answer: { body: space } }],
    result: detail,
    refuses: [refusal({}, "spaceId is required: an integer of at least 1.")],
    sandbox: sandboxSpaces
  },

  get_space_agents: {
    annotations: reads,
    arguments: ids,
    exchanges: [{ request: "GET /spaces/3/agents", answer: { body: [agent] } }],
    result: { agents: [agentRow] },
    refuses: [refusal({ spaceId: "Retail" }, 'spaceId must be an integer of at least 1, but was "Retail".')],
    sandbox: sandboxSpaces
  },

  get_space_agent_count: {
    annotations: reads,
    arguments: ids,
    exchanges: [{ request: "GET /spaces/3/agents/count", answer: { body: { totalCount: 1 } } }],
    result: { totalCount: 1 },
    refuses: [refusal({ spaceId: 0 }, "spaceId must be an integer of at least 1, but was 0.")],
    sandbox: sandboxSpaces
  },

  search_space_by_name: {
    annotations: reads,
    arguments: { name: "Retail" },
    exchanges: [{ request: "GET /spaces/search?name=Retail", answer: { body: space } }],
    result: detail,
    refuses: [refusal({ name: " " }, 'name must be a text of 1 to 200 characters, not blank, but was " ".')],
    sandbox: [{ name: "market research" }]
  },

  run_space_agents: {
    annotations: changes({ destructiveHint: false, openWorldHint: true, idempotentHint: false }),
    arguments: { ...ids, inputParameters: "{}" },
    exchanges: [
      {
        request: "POST /spaces/3/run-all",
        sends: { inputParameters: "{}" },
        answer: {
          body: {
            spaceId: 3,
            spaceName: "Retail",
            totalAgents: 2,
            agentsStarted: 1,
            agentsFailed: 1,
            results: [
              { agentId: 7, agentName: "Books", success: true, runId: 91, errorMessage: null },
              { agentId: 8, agentName: "Old", success: false, runId: null, errorMessage: "Archived" }
            ]
          }
        }
      }
    ],
    result: {
      spaceId: 3,
      spaceName: "Retail",
      totalAgents: 2,
      agentsStarted: 1,
      agentsFailed: 1,
      results: [
        { agentId: 7, agentName: "Books", success: true, runId: 91 },
        { agentId: 8, agentName: "Old", success: false, errorMessage: "Archived" }
      ]
    },
    refuses: [
      refusal(
        { ...ids, inputParameters: "[]" },
        "inputParameters must be JSON text of an object, but was a text of 2 characters."
      )
    ],
    everyArgument: { spaceId: 103, inputParameters: "{}" }
  }
}
