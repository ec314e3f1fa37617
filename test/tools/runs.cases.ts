import type { RunTools } from "../../src/tools/catalog/runs.ts"
import { RunStatus } from "../../src/sequentum/schemas/Run.ts"
import { badPeriods, changes, reads, refusal, sandboxAgents, sandboxMonth, sandboxRun, type Cases } from "./ToolCase.ts"

/** A run as Sequentum sends it. */
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

/** The same run in a result. */
const runDetail = {
  runId: 90,
  agentId: 7,
  agentName: "Books",
  status: "Success",
  isFinal: true,
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
  tableType: "run"
}

const { endTime: _, ...unfinishedDetail } = runDetail

/** What a row among those of other agents shows of it. */
const foundRun = {
  agentId: 7,
  agentName: "Books",
  startTime: "2026-03-01T06:00:10Z",
  endTime: "2026-03-01T06:05:00Z",
  dataCount: 200
}

const agent = { agentId: 7 }
const ids = { ...agent, runId: 90 }

const status = { request: "GET /agent/7/run/90/status", answer: { body: run } }

const noRun = refusal(agent, "runId is required: an integer of at least 1.")

const statusWords = RunStatus.words.map((word) => JSON.stringify(word)).join(", ")

export const runCases: Cases<typeof RunTools> = {
  get_agent_runs: {
    annotations: reads,
    arguments: agent,
    exchanges: [{ request: "GET /agent/7/runs?maxRecords=50", answer: { body: [run] } }],
    result: {
      runs: [
        {
          runId: 90,
          status: "Success",
          startTime: "2026-03-01T06:00:10Z",
          endTime: "2026-03-01T06:05:00Z",
          runTimeSec: 290,
          dataCount: 200,
          exportCount: 200,
          errorCount: 0,
          pageCount: 11
        }
      ]
    },
    refuses: [
      ...[0, 1001].map((maxRecords) =>
        refusal({ ...agent, maxRecords }, `maxRecords must be an integer from 1 to 1000, but was ${maxRecords}.`)
      ),
      ...badPeriods(agent),
      refusal({ ...agent, status: ["Broken"] }, `status[0] must be one of ${statusWords}, but was "Broken".`)
    ],
    sandbox: [
      ...sandboxAgents.map((agentId) => ({ agentId, maxRecords: 3 })),
      { agentId: 4301, status: "Failure", ...sandboxMonth }
    ]
  },

  find_runs: {
    annotations: reads,
    arguments: { startDate: "2026-03-01", endDate: "2026-03-02" },
    exchanges: [
      {
        request: "GET /agent/all?pageIndex=1&recordsPerPage=100&sortColumn=lastActivity&sortOrder=1",
        answer: {
          body: {
            agents: [
              { id: 7, name: "Books", status: 10, lastActivity: "2026-03-01T06:05:00Z" },
              { id: 8, name: "Idle", status: 10, lastActivity: "2026-02-01T06:05:00Z" },
              { id: 9, name: "New" }
            ],
            totalRecordCount: 3
          }
        }
      },
      {
        request: "GET /agent/7/runs?maxRecords=100",
        answer: { body: [{ ...run, id: 91, status: 6, message: "Blocked", errorCount: 2 }, run] }
      }
    ],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-02",
      runs: [
        { ...foundRun, runId: 91, status: "Failure", errorCount: 2 },
        { ...foundRun, runId: 90, status: "Success", errorCount: 0 }
      ],
      causes: [{ message: "Blocked", runIds: [91], count: 1 }]
    },
    refuses: [
      ...badPeriods(),
      refusal({ maxRecords: 501 }, "maxRecords must be an integer from 1 to 500, but was 501."),
      refusal({ agentIds: ["x"] }, 'agentIds[0] must be an integer of at least 1, but was "x".'),
      refusal({ status: "Broken" }, `status[0] must be one of ${statusWords}, but was "Broken".`),
      refusal(
        { period: "today", startDate: "2026-03-01" },
        "period stands in place of startDate and endDate: give it or them, not both."
      )
    ],
    sandbox: [
      {},
      { period: "last7Days", timezone: "Europe/Berlin" },
      { agentIds: [4301], status: "failure", ...sandboxMonth }
    ]
  },

  get_agent_run_summary: {
    annotations: reads,
    arguments: agent,
    exchanges: [
      {
        request: "GET /agent/7/runs/summary",
        answer: { body: { totalCount: 3, statusCounts: [{ status: 10, statusName: "Success", count: 3 }] } }
      }
    ],
    result: { totalCount: 3, statusCounts: [{ status: "Success", count: 3 }] },
    refuses: [refusal({ agentId: 0 }, "agentId must be an integer of at least 1, but was 0.")],
    sandbox: sandboxAgents.map((agentId) => ({ agentId }))
  },

  get_run_status: {
    annotations: reads,
    arguments: ids,
    exchanges: [status],
    result: runDetail,
    refuses: [noRun],
    sandbox: [sandboxRun]
  },

  start_agent: {
    annotations: changes({ destructiveHint: false, openWorldHint: true, idempotentHint: false }),
    arguments: { ...agent, inputParameters: '{"category":"Poetry"}', parallelism: 2 },
    exchanges: [
      { request: "GET /agent/7", answer: { body: { id: 7, inputParameters: { category: "", maxPages: "" } } } },
      {
        request: "POST /agent/7/start",
        sends: {
          inputParameters: '{"category":"Poetry"}',
          parallelism: 2,
          parallelMaxConcurrency: 1,
          parallelExport: "Combined",
          timeout: 60,
          isExclusive: true,
          isWaitOnFailure: false,
          isRunSynchronously: false,
          logLevel: "Info",
          logMode: "Text"
        },
        answer: { status: 202, body: { ...run, status: 4, endTime: null } }
      }
    ],
    result: {
      run: { ...unfinishedDetail, status: "Queuing", isFinal: false },
      inputParameters: { category: "Poetry" }
    },
    refuses: [
      refusal({ ...agent, waitSeconds: 46 }, "waitSeconds must be an integer from 0 to 45, but was 46."),
      refusal(
        { ...agent, isRunSynchronously: true, waitSeconds: 1 },
        "waitSeconds must be 0 when isRunSynchronously is true: it waits by itself."
      ),
      refusal(
        { ...agent, isRunSynchronously: true, parallelism: 2 },
        "parallelism must be 1 when isRunSynchronously is true."
      ),
      // They may hold secrets, so the sentence must not repeat them.
      ...["{oops: 'hunter2'}", '["hunter2"]', '"hunter2"', "null", ""].map((inputParameters) =>
        refusal(
          { ...agent, inputParameters },
          `inputParameters must be JSON text of an object, but was a text of ${inputParameters.length} characters.`
        )
      )
    ],
    everyArgument: {
      agentId: 4101,
      inputParameters: '{"maxPages":"1"}',
      allowUnknownInputs: false,
      startAnother: false,
      waitSeconds: 0,
      isRunSynchronously: false,
      timeout: 60,
      parallelism: 2,
      parallelMaxConcurrency: 1,
      parallelExport: "Combined",
      proxyPoolId: 12,
      isExclusive: true,
      isWaitOnFailure: false,
      logLevel: "Info",
      logMode: "Text"
    }
  },

  stop_agent: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: true }),
    arguments: ids,
    exchanges: [{ request: "POST /agent/7/run/90/stop", answer: { body: "" } }, status],
    result: { ...ids, status: "Success", isFinal: true },
    refuses: [refusal({ ...agent, runId: "last" }, 'runId must be an integer of at least 1, but was "last".')],
    everyArgument: sandboxRun,
    expectsNothing: true
  },

  kill_agent: {
    annotations: changes({ destructiveHint: true, openWorldHint: false, idempotentHint: false }),
    arguments: ids,
    exchanges: [{ request: "POST /agent/7/run/90/kill", answer: { body: "" } }, status],
    result: { ...ids, status: "Success", isFinal: true },
    refuses: [refusal({ runId: 90 }, "agentId is required: an integer of at least 1.")],
    everyArgument: sandboxRun,
    expectsNothing: true
  },

  delete_run: {
    annotations: changes({ destructiveHint: true, openWorldHint: false, idempotentHint: true }),
    arguments: { ...ids, removeMethod: "RemoveAllFiles" },
    exchanges: [{ request: "DELETE /agent/7/run/90?removeMethod=RemoveAllFiles", answer: { body: "" } }],
    result: { deleted: true, ...ids, removeMethod: "RemoveAllFiles" },
    refuses: [
      refusal(
        { ...ids, removeMethod: "All" },
        'removeMethod must be one of "RemoveEntireRun", "RemoveAllFiles", "RemoveAllFilesAndAgentInput", but was "All".'
      )
    ],
    everyArgument: { ...sandboxRun, removeMethod: "RemoveEntireRun" },
    expectsNothing: true
  },

  wait_for_run: {
    annotations: reads,
    arguments: { ...ids, timeoutSeconds: 5 },
    exchanges: [status],
    result: { run: runDetail, isFinal: true, waitedSeconds: 0 },
    refuses: [
      noRun,
      refusal({ runId: 90 }, "agentId is required: an integer of at least 1."),
      refusal({}, "agentId is required: an integer of at least 1."),
      refusal({ ...ids, runs: [ids] }, "runs stands in place of agentId and runId: give it or them, not both."),
      ...[[], Array.from({ length: 21 }, () => ids)].map((runs) =>
        refusal(
          { runs },
          `runs must be an array of 1 to 20 items, each item an object of agentId, runId, but was an array of ${runs.length} items.`
        )
      ),
      refusal({ runs: [ids, agent] }, "runs[1].runId is required: an integer of at least 1."),
      ...[0, 46, 1.5].map((timeoutSeconds) =>
        refusal(
          { ...ids, timeoutSeconds },
          `timeoutSeconds must be an integer from 1 to 45, but was ${timeoutSeconds}.`
        )
      )
    ],
    sandbox: [sandboxRun, { runs: [sandboxRun], includeCost: true }]
  }
}
