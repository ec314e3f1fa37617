import * as Effect from "effect/Effect"
import { lastDay, thisMonth } from "../tools/dates.ts"
import type { Resource, Variables } from "./Resource.ts"

const passVariables = (variables: Variables) => Effect.succeed({ ...variables })

const resource = (
  uri: string,
  title: string,
  description: string,
  tool: string,
  args: Resource["args"] = passVariables
): Resource => ({
  uri: `sequentum://${uri}`,
  name: uri.replaceAll(/[{}]/gu, ""),
  title,
  description,
  tool,
  args
})

/** Resources with a fixed URI. */
export const staticResources: ReadonlyArray<Resource> = [
  resource("agents", "Agents", "The first 50 agents by name.", "list_agents", () =>
    Effect.succeed({ pageIndex: 1, recordsPerPage: 50 })
  ),
  resource("spaces", "Spaces", "All spaces.", "list_spaces"),
  resource("billing/balance", "Credits balance", "Credits available now.", "get_credits_balance"),
  resource("billing/spending", "Spending", "Credits spent this month (UTC).", "get_spending_summary", () =>
    Effect.map(thisMonth, (month) => ({ ...month }))
  ),
  resource(
    "billing/agents-usage",
    "Cost by agent",
    "The 50 agents that cost most this month (UTC), most expensive first.",
    "get_agents_usage",
    () => Effect.succeed({ sortColumn: "cost", sortOrder: "desc", pageIndex: 1, recordsPerPage: 50 })
  ),
  resource("analytics/runs", "Runs", "Runs of the last 24 hours by outcome.", "get_runs_summary", () =>
    Effect.map(lastDay, (range) => ({ ...range, includeDetails: true }))
  ),
  resource(
    "analytics/upcoming-schedules",
    "Upcoming runs",
    "Runs that schedules will start in the next 7 days.",
    "get_scheduled_runs"
  )
]

/** Resources with ids in their URI. */
export const resourceTemplates: ReadonlyArray<Resource> = [
  resource("agents/{agentId}", "Agent", "Details of one agent.", "get_agent"),
  resource("agents/{agentId}/versions", "Agent versions", "Version history of an agent.", "get_agent_versions"),
  resource("agents/{agentId}/schedules", "Agent schedules", "Schedules of an agent.", "list_agent_schedules"),
  resource(
    "agents/{agentId}/cost-breakdown",
    "Agent cost",
    "Cost of an agent this month (UTC), by day and usage type.",
    "get_agent_cost_breakdown"
  ),
  resource("agents/{agentId}/runs", "Agent runs", "The latest 50 runs of an agent.", "get_agent_runs"),
  resource("agents/{agentId}/runs/{runId}", "Run", "State and counts of one run.", "get_run_status"),
  resource("agents/{agentId}/runs/{runId}/files", "Run files", "Files that a run produced.", "get_run_files"),
  resource(
    "agents/{agentId}/runs/{runId}/diagnostics",
    "Run diagnostics",
    "Why a run failed: causes and fixes.",
    "get_run_diagnostics"
  ),
  resource(
    "agents/{agentId}/latest-failure",
    "Latest failure",
    "Diagnosis of an agent's latest failed run.",
    "get_latest_failure"
  ),
  resource("spaces/{spaceId}", "Space", "One space.", "get_space"),
  resource("spaces/{spaceId}/agents", "Space agents", "The agents of a space.", "get_space_agents")
]
