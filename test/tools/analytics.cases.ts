import type { AnalyticsTools } from "../../src/tools/catalog/analytics.ts"
import { badPeriods, reads, refusal, sandboxAgents, sandboxMonth, type Cases } from "./ToolCase.ts"

/** A diagnosis as Sequentum sends it. */
const diagnosis = {
  runId: 88,
  agentId: 7,
  agentName: "Books",
  status: 6,
  errorMessage: "Login required",
  startTime: "2026-02-28T06:00:00Z",
  endTime: "2026-02-28T06:01:00Z",
  runtimeSeconds: 60,
  stats: { dataCount: 0, inputCount: null, errorCount: 1, pageCount: 1, exportCount: 0, traffic: 900 },
  possibleCauses: ["The site asks for a login."],
  suggestedActions: ["Add credentials."]
}

/** The same diagnosis in a result. */
const detail = {
  agentId: 7,
  agentName: "Books",
  runId: 88,
  status: "Failure",
  errorMessage: "Login required",
  startTime: "2026-02-28T06:00:00Z",
  endTime: "2026-02-28T06:01:00Z",
  runtimeSeconds: 60,
  stats: { dataCount: 0, exportCount: 0, errorCount: 1, pageCount: 1 },
  possibleCauses: ["The site asks for a login."],
  suggestedActions: ["Add credentials."]
}

const agent = { agentId: 7 }
const period = { startDate: "2026-03-01", endDate: "2026-03-01" }

export const analyticsCases: Cases<typeof AnalyticsTools> = {
  get_runs_summary: {
    annotations: reads,
    arguments: { ...period, includeDetails: true, status: "Failed" },
    exchanges: [
      {
        request:
          "GET /analytics/runs/summary?endDate=2026-03-01&includeDetails=true&startDate=2026-03-01&status=Failed",
        answer: {
          body: {
            ...period,
            totalRuns: 2,
            completedRuns: 1,
            failedRuns: 1,
            failedRunDetails: [{ runId: 88, agentId: 7, agentName: "Books", status: 6, errorMessage: "Login required" }]
          }
        }
      }
    ],
    result: {
      ...period,
      totalRuns: 2,
      completedRuns: 1,
      failedRuns: 1,
      failedRunDetails: [{ runId: 88, agentId: 7, agentName: "Books", status: "Failure" }],
      causes: [{ message: "Login required", runIds: [88], count: 1 }]
    },
    refuses: [
      ...badPeriods(),
      refusal(
        { status: "Broken" },
        'status must be one of "Failed", "Completed", "CompletedWithErrors", "Running", but was "Broken".'
      )
    ],
    sandbox: [{ ...sandboxMonth, includeDetails: true }, { status: "Failed" }]
  },

  get_records_summary: {
    annotations: reads,
    arguments: { ...period, ...agent },
    exchanges: [
      {
        request: "GET /analytics/records/summary?agentId=7&endDate=2026-03-01&startDate=2026-03-01",
        answer: {
          body: {
            totalRecordsExtracted: 200,
            totalRecordsExported: 200,
            totalErrors: 0,
            totalPageLoads: 11,
            runCount: 1
          }
        }
      }
    ],
    result: {
      ...period,
      runCount: 1,
      totalRecordsExtracted: 200,
      totalRecordsExported: 200,
      totalErrors: 0,
      totalPageLoads: 11
    },
    refuses: [
      ...badPeriods(),
      ...badPeriods({ ...agent, groupBy: "day" }),
      refusal({ agentId: 0 }, "agentId must be an integer of at least 1, but was 0."),
      refusal({ groupBy: "day" }, "agentId is required with groupBy."),
      refusal({ ...agent, groupBy: "week" }, 'groupBy must be one of "day", but was "week".')
    ],
    sandbox: [{}, { agentId: 4101, groupBy: "day" }, ...sandboxAgents.map((agentId) => ({ agentId, ...sandboxMonth }))]
  },

  get_run_diagnostics: {
    annotations: reads,
    arguments: { ...agent, runId: 88 },
    exchanges: [{ request: "GET /analytics/agents/7/runs/88/diagnostics", answer: { body: diagnosis } }],
    result: detail,
    refuses: [refusal(agent, "runId is required: an integer of at least 1.")]
  },

  get_latest_failure: {
    annotations: reads,
    arguments: agent,
    exchanges: [{ request: "GET /analytics/agents/7/latest-failure", answer: { body: diagnosis } }],
    result: { hasFailure: true, ...detail },
    refuses: [refusal({}, "agentId is required: an integer of at least 1.")],
    sandbox: sandboxAgents.map((agentId) => ({ agentId }))
  }
}
