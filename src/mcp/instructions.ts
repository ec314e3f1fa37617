import { dataPolicy, limitsPolicy, sufficiencyPolicy } from "../policies.ts"

/** The `instructions` of the MCP server, for the model. */
export const instructions = [
  "Sequentum Cloud runs web-scraping agents; each has runs with output files, schedules and costs, and lives in a space.",
  "Find an agent before acting on it, and confirm with the user before spending credits or deleting.",
  sufficiencyPolicy,
  limitsPolicy,
  dataPolicy
].join(" ")

/** Before the instructions of a server that uses a sandbox. */
export const sandboxNotice = "This server uses a sandbox: its agents, runs, data and costs are simulated."
