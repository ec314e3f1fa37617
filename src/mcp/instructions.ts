import { dataPolicy, limitsPolicy, sufficiencyPolicy } from "../policies.ts"

/** The `instructions` of the MCP server, for the model. */
export const instructions = [
  "Sequentum Cloud runs web-scraping agents; each has runs with output files, schedules and costs, and lives in a space.",
  "Find an agent before acting on it. The server itself asks the user before what can't be undone or spends much, where the client can ask.",
  sufficiencyPolicy,
  limitsPolicy,
  dataPolicy
].join(" ")

/** Before the instructions of a server that uses a sandbox. */
export const sandboxNotice = "This server uses a sandbox: its agents, runs, data and costs are simulated."
