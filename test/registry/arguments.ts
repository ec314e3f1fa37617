import type { JsonObject } from "../../src/tools/Tool.ts"

const one = { agentId: 7 }
const oneRun = { ...one, runId: 90 }
const oneFile = { ...oneRun, fileId: 5 }
const oneSchedule = { ...one, scheduleId: 31 }
const session = { sessionId: "session-1" }

/** Valid arguments of every tool, for the account of account.ts. */
export const validArguments: Readonly<Record<string, JsonObject>> = {
  list_agents: { search: "book", sortColumn: "lastActivity", sortOrder: "desc", status: 10, spaceId: 3, configType: 1 },
  get_agent: one,
  search_agents: { query: "book", maxRecords: 10 },
  get_agent_search_count: { query: "book", includeArchived: true },
  get_personal_agent_count: {},
  get_agent_runs: one,
  get_agent_run_summary: one,
  get_run_status: oneRun,
  start_agent: { ...one, inputParameters: '{"category":"Poetry"}', parallelism: 2 },
  stop_agent: oneRun,
  kill_agent: oneRun,
  delete_run: { ...oneRun, removeMethod: "RemoveAllFiles" },
  wait_for_run: { ...oneRun, timeoutSeconds: 5 },
  get_run_files: oneRun,
  get_file_download_url: oneFile,
  preview_run_file: { ...oneFile, maxRows: 1 },
  get_agent_versions: one,
  restore_agent_version: { ...one, versionNumber: 3, comments: "The new menu broke it" },
  list_agent_schedules: one,
  get_agent_schedule: oneSchedule,
  create_agent_schedule: { ...one, name: "Nightly", cronExpression: "0 2 * * *", timezone: "Europe/Berlin" },
  update_agent_schedule: { ...oneSchedule, cronExpression: "0 3 * * *" },
  enable_agent_schedule: oneSchedule,
  disable_agent_schedule: oneSchedule,
  delete_agent_schedule: oneSchedule,
  get_scheduled_runs: { startDate: "2026-03-01", endDate: "2026-03-08" },
  get_credits_balance: {},
  get_spending_summary: { startDate: "2026-03-01", endDate: "2026-03-02" },
  get_credit_history: { pageIndex: 1, recordsPerPage: 50 },
  get_agents_usage: {
    sortColumn: "cost",
    sortOrder: "desc",
    startDate: "2026-03-01",
    endDate: "2026-03-02",
    name: "b"
  },
  get_agent_cost_breakdown: { ...one, timeUnit: "month", startDate: "2026-03-01", endDate: "2026-03-02" },
  get_agent_runs_cost: { ...one, sortColumn: "cost", sortOrder: 1, startDate: "2026-03-01", endDate: "2026-03-02" },
  list_spaces: {},
  get_space: { spaceId: 3 },
  get_space_agents: { spaceId: 3 },
  get_space_agent_count: { spaceId: 3 },
  search_space_by_name: { name: "Retail" },
  run_space_agents: { spaceId: 3, inputParameters: "{}" },
  get_runs_summary: { startDate: "2026-03-01", endDate: "2026-03-01", includeDetails: true, status: "Failed" },
  get_records_summary: { startDate: "2026-03-01", endDate: "2026-03-01", agentId: 7 },
  get_run_diagnostics: { ...one, runId: 88 },
  get_latest_failure: one,
  start_agent_build: { prompt: "Scrape all shoes of https://shoes.example", spaceId: 3 },
  get_agent_build_status: session,
  stop_agent_build: session,
  wait_for_agent_build: session
}
