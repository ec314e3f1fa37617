/** OAuth scopes of the Sequentum API. Source: docs.sequentum.com/api-reference/authentication. */
export const scopes = [
  "agents:read",
  "agents:write",
  "runs:read",
  "spaces:read",
  "spaces:write",
  "billing:read"
] as const
export type Scope = (typeof scopes)[number]
