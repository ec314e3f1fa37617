import type { AgentTools } from "../../src/tools/catalog/agents.ts"
import { reads, refusal, sandboxAgents, type Cases } from "./ToolCase.ts"

/** An agent as Sequentum sends it. */
export const agent = {
  id: 7,
  name: "Books",
  description: "All books.",
  documentation: null,
  inputParameters: { category: "All" },
  configType: 1,
  proxyPoolId: 12,
  spaceId: 3,
  startUrl: "https://books.example/",
  status: 10,
  validationStatus: 3,
  version: 4,
  isActive: true,
  created: "2026-01-01T00:00:00Z",
  updated: "2026-02-01T00:00:00Z",
  lastActivity: "2026-03-01T06:05:00Z",
  somethingNew: true
}

/** The same agent as a row of a result. */
export const agentRow = {
  agentId: 7,
  name: "Books",
  description: "All books.",
  status: "Success",
  spaceId: 3,
  version: 4,
  lastActivity: "2026-03-01T06:05:00Z"
}

export const agentCases: Cases<typeof AgentTools> = {
  list_agents: {
    annotations: reads,
    arguments: {
      search: "book",
      sortColumn: "lastActivity",
      sortOrder: "desc",
      status: "Success",
      spaceId: 3,
      configType: "Agent"
    },
    exchanges: [
      {
        request:
          "GET /agent/all?configType=1&name=book&pageIndex=1&recordsPerPage=50&sortColumn=lastActivity&sortOrder=1&spaceId=3&status=10",
        answer: { body: { agents: [agent], totalRecordCount: 51 } }
      }
    ],
    result: {
      agents: [agentRow],
      pagination: { pageIndex: 1, recordsPerPage: 50, totalRecordCount: 51, hasMore: true },
      notice: "Success and Completed both mean that a run is done: those of status Completed are left out."
    },
    refuses: [
      refusal(
        { status: 13, sortColumn: "size", recordsPerPage: 101 },
        'status must be one of "Invalid", "Running", "Exporting", "Starting", "Queuing", "Stopping", "Failure", "Failed", "Stopped", "Completed", "Success", "Skipped", "Waiting", but was 13.',
        'sortColumn must be one of "name", "lastActivity", "created", "updated", "status", "configType", but was "size".',
        "recordsPerPage must be an integer from 1 to 100, but was 101."
      )
    ],
    sandbox: [
      { sortColumn: "lastActivity", sortOrder: "desc" },
      { search: "BOOK", spaceId: 101, configType: 1, recordsPerPage: 1, pageIndex: 2 },
      { status: 6 }
    ]
  },

  get_agent: {
    annotations: reads,
    arguments: { agentId: 7 },
    exchanges: [{ request: "GET /agent/7", answer: { body: agent } }],
    result: {
      ...agentRow,
      configType: "Agent",
      inputParameters: { category: "All" },
      startUrl: "https://books.example/",
      proxyPoolId: 12,
      validationStatus: "Valid",
      isActive: true,
      created: "2026-01-01T00:00:00Z",
      updated: "2026-02-01T00:00:00Z"
    },
    refuses: [
      refusal({}, "agentId is required: an integer of at least 1."),
      refusal({ agentId: "seven" }, 'agentId must be an integer of at least 1, but was "seven".')
    ],
    sandbox: sandboxAgents.map((agentId) => ({ agentId }))
  },

  search_agents: {
    annotations: reads,
    arguments: { query: "book", maxRecords: 10 },
    exchanges: [
      {
        request: "GET /agent/search?maxRecords=10&query=book",
        answer: { body: [agent, { ...agent, id: 8, status: null, lastActivity: null }] }
      }
    ],
    result: {
      agents: [
        agentRow,
        {
          agentId: 8,
          name: "Books",
          description: "All books.",
          status: "NeverRun",
          spaceId: 3,
          version: 4
        }
      ]
    },
    refuses: [
      refusal({ query: "" }, 'query must be a text of 1 to 200 characters, not blank, but was "".'),
      refusal({ query: "a", maxRecords: 0 }, "maxRecords must be an integer from 1 to 1000, but was 0.")
    ],
    sandbox: [{ query: "price", maxRecords: 2 }]
  },

  get_agent_search_count: {
    annotations: reads,
    arguments: { query: "book", includeArchived: true },
    exchanges: [
      { request: "GET /agent/search/count?includeArchived=true&query=book", answer: { body: { totalCount: 2 } } }
    ],
    result: { totalCount: 2 },
    refuses: [refusal({ query: "b", includeArchived: "yes" }, 'includeArchived must be true or false, but was "yes".')],
    sandbox: [{ query: "price", includeArchived: true }]
  },

  get_personal_agent_count: {
    annotations: reads,
    arguments: {},
    exchanges: [{ request: "GET /agent/personal/count", answer: { body: { totalCount: 1 } } }],
    result: { totalCount: 1 },
    refuses: [refusal({ spaceId: 3 }, '"spaceId" is not a parameter: get_personal_agent_count takes no parameters.')],
    sandbox: [{}]
  }
}
