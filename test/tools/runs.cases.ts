import type { RunTools } from "../../src/tools/catalog/runs.ts"
import { changes, reads, refusal, sandboxAgents, sandboxRun, type Cases } from "./ToolCase.ts"

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
  parallelism: 1,
  tableType: "run"
}

const { endTime: _, ...unfinishedDetail } = runDetail

const agent = { agentId: 7 }
const ids = { ...agent, runId: 90 }

const status = { request: "GET /agent/7/run/90/status", answer: { body: run } }

const noRun = refusal(agent, "runId is required: an integer of at least 1.")

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
          isFinal: true,
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
    refuses: [0, 1001].map((maxRecords) =>
      refusal({ ...agent, maxRecords }, `maxRecords must be an integer from 1 to 1000, but was ${maxRecords}.`)
    ),
    sandbox: sandboxAgents.map((agentId) => ({ agentId, maxRecords: 3 }))
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
    result: { run: { ...unfinishedDetail, status: "Queuing", isFinal: false } },
    refuses: [
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
      ...[0, 46, 1.5].map((timeoutSeconds) =>
        refusal(
          { ...ids, timeoutSeconds },
          `timeoutSeconds must be an integer from 1 to 45, but was ${timeoutSeconds}.`
        )
      )
    ],
    sandbox: [sandboxRun]
  }
}
