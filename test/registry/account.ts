import type { Answer, Sent } from "./upstream.ts"

/** The answers of a small Sequentum account that never changes: just enough for every tool to succeed. */
const agent = {
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

export const run = {
  id: 90,
  configId: 7,
  configName: "Books",
  status: 10,
  message: null,
  created: "2026-03-01T06:00:00Z",
  startTime: "2026-03-01T06:00:10Z",
  endTime: "2026-03-01T06:05:00Z",
  runTimeSec: 290,
  dataCount: 200,
  exportCount: 200,
  errorCount: 0,
  pageCount: 11,
  requestCount: 40,
  configVersion: 4,
  parallelism: 1,
  tableType: "run"
}

const file = { id: 5, name: "books.csv", fileType: 1, fileSize: 2048, created: "2026-03-01T06:05:00Z" }

export const schedule = {
  id: 31,
  configId: 7,
  name: "Nightly",
  schedule: "0 2 * * *",
  timezone: "Europe/Berlin",
  nextRunTime: "2026-03-02T01:00:00Z",
  startTime: null,
  scheduleType: 3,
  isEnabled: true,
  runEveryCount: null,
  runEveryPeriod: null,
  inputParameters: '{"category":"Fiction"}',
  parallelism: 2,
  parallelMaxConcurrency: 1,
  parallelExport: "Separated",
  logLevel: "Warning",
  logMode: "TextAndHtml",
  isExclusive: true,
  isWaitOnFailure: false
}

const space = { id: 3, name: "Retail", description: null, organizationId: 1, created: null, isDefaultAccess: true }

const diagnostics = {
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

type Route = readonly [request: RegExp, answer: Answer]

const json = (body: unknown): Answer => ({ body })
const nothing: Answer = { body: "" }

const routes: ReadonlyArray<Route> = [
  [/^GET \/agent\/all$/u, json({ agents: [agent], totalRecordCount: 51 })],
  [/^GET \/agent\/search$/u, json([agent, { ...agent, id: 8, status: null, lastActivity: null }])],
  [/^GET \/agent\/search\/count$/u, json({ totalCount: 2 })],
  [/^GET \/agent\/personal\/count$/u, json({ totalCount: 1 })],
  [/^GET \/agent\/7$/u, json(agent)],
  [/^GET \/agent\/7\/runs$/u, json([run])],
  [
    /^GET \/agent\/7\/runs\/summary$/u,
    json({ totalCount: 3, statusCounts: [{ status: 10, statusName: "Success", count: 3 }] })
  ],
  [/^GET \/agent\/7\/run\/90\/status$/u, json(run)],
  [/^POST \/agent\/7\/start$/u, { status: 202, body: { ...run, status: 4, endTime: null } }],
  [/^POST \/agent\/7\/run\/90\/(?:stop|kill)$/u, nothing],
  [/^DELETE \/agent\/7\/run\/90$/u, nothing],
  [/^GET \/agent\/7\/run\/90\/files$/u, json([file])],
  [
    /^GET \/agent\/7\/run\/90\/file\/5\/download$/u,
    { status: 302, headers: { location: "https://files.test/books.csv?signature=abc" }, body: "" }
  ],
  [/^GET \/books\.csv$/u, { headers: { "content-type": "text/csv" }, body: "title,price\nEmma,9.50\nDune,12.00\n" }],
  [
    /^GET \/agent\/7\/versions$/u,
    json([{ version: 4, userName: "Dana", created: "2026-02-01T00:00:00Z", comments: "New menu", fileSize: 500 }])
  ],
  [/^POST \/agent\/7\/version\/3\/restore$/u, nothing],
  [/^GET \/agent\/7\/schedules$/u, json([schedule])],
  [/^GET \/agent\/7\/schedules\/31$/u, json(schedule)],
  [/^POST \/agent\/7\/schedules$/u, { status: 201, body: schedule }],
  [/^PUT \/agent\/7\/schedules\/31$/u, json(schedule)],
  [/^DELETE \/agent\/7\/schedules\/31$/u, nothing],
  [/^POST \/agent\/7\/schedules\/31\/(?:enable|disable)$/u, nothing],
  [
    /^GET \/analytics\/schedules\/upcoming$/u,
    json([
      {
        scheduleId: 31,
        agentId: 7,
        agentName: "Books",
        scheduleName: "Nightly",
        nextRunTime: "2026-03-02T01:00:00Z",
        timezone: "Europe/Berlin",
        isEnabled: true,
        lastRunStatus: 13
      }
    ])
  ],
  [
    /^GET \/billing\/credits$/u,
    json({ availableCredits: 12.5, organizationId: 1, retrievedAt: "2026-03-01T12:00:00Z" })
  ],
  [
    /^GET \/billing\/spending$/u,
    json({ totalSpent: 3.25, startDate: "2026-02-23", endDate: "2026-03-01", organizationId: 1, currentBalance: 12.5 })
  ],
  [
    /^GET \/billing\/history$/u,
    json({
      transactions: [
        { id: 1, transactionType: "Debit", amount: -0.5, balance: 12.5, created: "2026-03-01T06:05:00Z", message: null }
      ],
      totalCount: 1,
      pageIndex: 1,
      recordsPerPage: 50
    })
  ],
  [
    /^GET \/billing\/agents$/u,
    json({ agents: [{ agentId: 7, agentName: "Books", cost: 2, spaceId: 3 }], totalRecordCount: 1, totalCost: 2 })
  ],
  [
    /^GET \/billing\/agents\/7$/u,
    json({
      agentId: 7,
      agentName: "Books",
      labels: ["2026-03-01"],
      usageTypes: [
        { type: "RunUsage", data: [2], totalCost: 2 },
        { type: "ProxyUsage", data: null, totalCost: 0 }
      ],
      totalCost: 2
    })
  ],
  [
    /^GET \/billing\/agents\/7\/runs$/u,
    json({
      runs: [{ runId: 90, date: "2026-03-01", startTime: null, endTime: null, cost: 2, billingType: "PayAsYouGo" }],
      totalRecordCount: 1,
      totalCost: 2,
      agentId: 7,
      agentName: "Books"
    })
  ],
  [/^GET \/spaces$/u, json([space])],
  [/^GET \/spaces\/3$/u, json(space)],
  [/^GET \/spaces\/search$/u, json(space)],
  [/^GET \/spaces\/3\/agents$/u, json([agent])],
  [/^GET \/spaces\/3\/agents\/count$/u, json({ totalCount: 1 })],
  [
    /^POST \/spaces\/3\/run-all$/u,
    json({
      spaceId: 3,
      spaceName: "Retail",
      totalAgents: 2,
      agentsStarted: 1,
      agentsFailed: 1,
      results: [
        { agentId: 7, agentName: "Books", success: true, runId: 91, errorMessage: null },
        { agentId: 8, agentName: "Old", success: false, runId: null, errorMessage: "Archived" }
      ]
    })
  ],
  [
    /^GET \/analytics\/runs\/summary$/u,
    json({
      startDate: "2026-03-01",
      endDate: "2026-03-01",
      totalRuns: 2,
      completedRuns: 1,
      failedRuns: 1,
      failedRunDetails: [{ runId: 88, agentId: 7, agentName: "Books", status: 6, errorMessage: "Login required" }]
    })
  ],
  [
    /^GET \/analytics\/records\/summary$/u,
    json({ totalRecordsExtracted: 200, totalRecordsExported: 200, totalErrors: 0, totalPageLoads: 11, runCount: 1 })
  ],
  [/^GET \/analytics\/agents\/7\/runs\/88\/diagnostics$/u, json(diagnostics)],
  [/^GET \/analytics\/agents\/7\/latest-failure$/u, json(diagnostics)],
  [/^POST \/agent-builder\/start$/u, json({ sessionId: "session-1" })],
  [
    /^GET \/agent-builder\/session-1\/status$/u,
    json({ status: "completed", agentId: 9, agentName: "Shoes", error: null })
  ],
  [/^POST \/agent-builder\/session-1\/stop$/u, { status: 204 }]
]

/** Answers from the account; what it does not have is 404. */
export const account = (sent: Sent): Answer => {
  const line = `${sent.method} ${sent.path}`
  const found = routes.find(([request]) => request.test(line))?.[1]
  if (found === undefined) {
    return { status: 404, body: { statusCode: 404, statusDescription: "Not Found", message: "Not there" } }
  }
  return found
}
