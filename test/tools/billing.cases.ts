import type { BillingTools } from "../../src/tools/catalog/billing.ts"
import { badPeriods, reads, refusal, sandboxAgents, sandboxMonth, type Cases } from "./ToolCase.ts"

const agent = { agentId: 7 }
const period = { startDate: "2026-03-01", endDate: "2026-03-02" }

export const billingCases: Cases<typeof BillingTools> = {
  get_credits_balance: {
    annotations: reads,
    arguments: {},
    exchanges: [
      {
        request: "GET /billing/credits",
        answer: { body: { availableCredits: 12.5, organizationId: 1, retrievedAt: "2026-03-01T12:00:00Z" } }
      }
    ],
    result: { availableCredits: 12.5, organizationId: 1, retrievedAt: "2026-03-01T12:00:00Z" },
    refuses: [
      refusal({ organizationId: 1 }, '"organizationId" is not a parameter: get_credits_balance takes no parameters.')
    ],
    sandbox: [{}]
  },

  get_spending_summary: {
    annotations: reads,
    arguments: period,
    exchanges: [
      {
        request: "GET /billing/spending?endDate=2026-03-02&startDate=2026-03-01",
        answer: {
          body: {
            totalSpent: 3.25,
            startDate: "2026-02-23",
            endDate: "2026-03-01",
            organizationId: 1,
            currentBalance: 12.5
          }
        }
      }
    ],
    result: { totalSpent: 3.25, currentBalance: 12.5, startDate: "2026-02-23", endDate: "2026-03-01" },
    refuses: badPeriods(),
    sandbox: [sandboxMonth]
  },

  get_credit_history: {
    annotations: reads,
    arguments: { pageIndex: 1, recordsPerPage: 50 },
    exchanges: [
      {
        request: "GET /billing/history?pageIndex=1&recordsPerPage=50",
        answer: {
          body: {
            transactions: [
              {
                id: 1,
                transactionType: "Debit",
                amount: -0.5,
                balance: 12.5,
                created: "2026-03-01T06:05:00Z",
                message: null
              }
            ],
            totalCount: 1,
            pageIndex: 1,
            recordsPerPage: 50
          }
        }
      }
    ],
    result: {
      transactions: [{ transactionType: "Debit", amount: -0.5, balance: 12.5, created: "2026-03-01T06:05:00Z" }],
      pagination: { pageIndex: 1, recordsPerPage: 50, totalRecordCount: 1, hasMore: false }
    },
    refuses: [refusal({ recordsPerPage: 0 }, "recordsPerPage must be an integer from 1 to 100, but was 0.")],
    sandbox: [{ recordsPerPage: 5 }]
  },

  get_agents_usage: {
    annotations: reads,
    arguments: { sortColumn: "cost", sortOrder: "desc", ...period, name: "b" },
    exchanges: [
      {
        request:
          "GET /billing/agents?endDate=2026-03-02&name=b&pageIndex=1&recordsPerPage=50&sortColumn=cost&sortOrder=1&startDate=2026-03-01",
        answer: {
          body: {
            agents: [{ agentId: 7, agentName: "Books", cost: 2, spaceId: 3 }],
            totalRecordCount: 1,
            totalCost: 2
          }
        }
      }
    ],
    result: {
      ...period,
      totalCost: 2,
      agents: [{ agentId: 7, agentName: "Books", cost: 2, spaceId: 3 }],
      pagination: { pageIndex: 1, recordsPerPage: 50, totalRecordCount: 1, hasMore: false }
    },
    refuses: [
      ...badPeriods(),
      refusal(
        { usageTypes: ["none"] },
        "usageTypes must be a text of 1 to 300 characters, not blank, but was an array of 1 item."
      )
    ],
    sandbox: [
      { ...sandboxMonth, sortColumn: "cost", sortOrder: "desc", recordsPerPage: 5 },
      { ...sandboxMonth, includeRecords: true }
    ]
  },

  get_agent_cost_breakdown: {
    annotations: reads,
    arguments: { ...agent, timeUnit: "month", ...period },
    exchanges: [
      {
        request: "GET /billing/agents/7?endDate=2026-03-02&startDate=2026-03-01&timeUnit=month",
        answer: {
          body: {
            agentId: 7,
            agentName: "Books",
            labels: ["2026-03-01"],
            usageTypes: [
              { type: "RunUsage", data: [2], totalCost: 2 },
              { type: "ProxyUsage", data: null, totalCost: 0 }
            ],
            totalCost: 2
          }
        }
      }
    ],
    result: {
      ...period,
      agentId: 7,
      agentName: "Books",
      totalCost: 2,
      labels: ["2026-03-01"],
      usageTypes: [
        { type: "RunUsage", totalCost: 2, data: [2] },
        { type: "ProxyUsage", totalCost: 0, data: [] }
      ]
    },
    refuses: [
      ...badPeriods(agent),
      refusal({ ...agent, timeUnit: "week" }, 'timeUnit must be one of "day", "month", but was "week".')
    ],
    sandbox: sandboxAgents.map((agentId) => ({ agentId, ...sandboxMonth, timeUnit: "month" }))
  },

  get_agent_runs_cost: {
    annotations: reads,
    arguments: { ...agent, sortColumn: "cost", sortOrder: "desc", ...period },
    exchanges: [
      {
        request:
          "GET /billing/agents/7/runs?endDate=2026-03-02&pageIndex=1&recordsPerPage=50&sortColumn=cost&sortOrder=1&startDate=2026-03-01",
        answer: {
          body: {
            runs: [
              { runId: 90, date: "2026-03-01", startTime: null, endTime: null, cost: 2, billingType: "PayAsYouGo" }
            ],
            totalRecordCount: 1,
            totalCost: 2,
            agentId: 7,
            agentName: "Books"
          }
        }
      }
    ],
    result: {
      ...period,
      agentId: 7,
      agentName: "Books",
      totalCost: 2,
      runs: [{ runId: 90, date: "2026-03-01", cost: 2, billingType: "PayAsYouGo" }],
      pagination: { pageIndex: 1, recordsPerPage: 50, totalRecordCount: 1, hasMore: false }
    },
    refuses: [
      ...badPeriods(agent),
      refusal({ ...agent, sortOrder: 2 }, 'sortOrder must be one of "asc", "desc", but was 2.')
    ],
    sandbox: sandboxAgents.map((agentId) => ({
      agentId,
      ...sandboxMonth,
      sortColumn: "duration",
      sortOrder: "desc"
    }))
  }
}
