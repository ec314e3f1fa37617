import type { CallToolResult } from "@modelcontextprotocol/server"
import * as Match from "effect/Match"
import type { SequentumError } from "../sequentum/errors.ts"
import type { ToolResult } from "../tools/bounds.ts"
import type { ToolError } from "../tools/Tool.ts"

/** What a failed call tells a model. `next` lists tools to go on with, most useful first. */
interface Words {
  readonly text: string
  readonly next?: { readonly tools: ReadonlyArray<string>; readonly to: string } | undefined
}

const says = (detail: string | undefined) =>
  detail === undefined ? "" : ` Sequentum says: ${JSON.stringify(detail)}${/[.!?…]$/u.test(detail) ? "" : "."}`

const seconds = (count: number) => (count === 1 ? "1 second" : `${count} seconds`)

const inAWhile = (retryAfterSeconds: number | undefined) =>
  retryAfterSeconds === undefined ? "in a minute" : `after ${seconds(retryAfterSeconds)}`

const request = (error: SequentumError) => `${error.method} ${error.path}`

/** Which list shows what exists, by the kind of thing that was asked for. A list that is missing lacks its owner. */
const whereToLook = (path: string): Words["next"] => {
  if (/\/file\/\d/u.test(path)) return { tools: ["get_run_files", "get_agent_runs"], to: "see which files there are" }
  if (/\/runs?\/\d/u.test(path)) return { tools: ["get_agent_runs"], to: "see which runs there are" }
  if (/\/schedules\/\d/u.test(path)) return { tools: ["list_agent_schedules"], to: "see which schedules there are" }
  if (/\/version\/\d/u.test(path)) return { tools: ["get_agent_versions"], to: "see which versions there are" }
  if (path.startsWith("/space")) return { tools: ["list_spaces"], to: "see which spaces there are" }
  if (path.startsWith("/agent-builder")) return { tools: ["start_agent_build"], to: "begin a new build session" }
  return { tools: ["search_agents", "list_agents"], to: "find the right agent" }
}

/** What to look at before an action is repeated whose outcome is not known. */
const whereToCheck = (path: string): Words["next"] => {
  if (path.includes("/schedules")) return { tools: ["list_agent_schedules"], to: "see whether it was done" }
  if (path.includes("/version")) return { tools: ["get_agent_versions"], to: "see whether it was done" }
  if (/\/run\/\d+/u.test(path)) return { tools: ["get_run_status"], to: "see whether it was done" }
  if (path.startsWith("/spaces")) return { tools: ["get_space_agents"], to: "see whether runs were started" }
  if (path.startsWith("/agent-builder")) return { tools: ["list_agents"], to: "see whether an agent is being built" }
  return { tools: ["get_agent_runs"], to: "see whether a run was started" }
}

const unclear = (error: SequentumError, what: string, again: string): Words =>
  error.method === "GET"
    ? { text: `${what} Retries did not help. Nothing was changed; try again ${again}.` }
    : {
        text: `${what} It is not known whether Sequentum acted, so do not simply repeat the call.`,
        next: whereToCheck(error.path)
      }

/** Each error in words that a model can act on: what happened, whether trying again helps and when, what to do next. */
const words = Match.type<ToolError>().pipe(
  Match.tagsExhaustive({
    InvalidArguments: (error): Words => ({
      text: `Invalid arguments for ${error.tool}; nothing was done. ${error.problems.join(" ")}`
    }),
    ToolFailure: (error): Words => ({ text: error.message }),
    Unauthorized: (error): Words => ({
      text: `Sequentum refused the credentials (401): the API key or token is missing, wrong, expired or revoked.${says(error.detail)} Trying again will not help. Ask the user to check SEQUENTUM_API_KEY or to sign in again.`
    }),
    Forbidden: (error): Words =>
      error.requiredScope === undefined
        ? {
            text: `This account may not do that (403, ${request(error)}).${says(error.detail)} Trying again will not help. Ask the user for access to the agent or its space.`
          }
        : {
            text: `The access token lacks a permission (403)${error.requiredScope === "" ? "" : `: scope ${error.requiredScope}`}. Trying again will not help until the user signs in again and grants it.`
          },
    NotFound: (error): Words => ({
      text: `Sequentum has nothing at ${request(error)} (404): it does not exist or this account can't see it.${says(error.detail)} Trying again will not help.`,
      next: whereToLook(error.path)
    }),
    Conflict: (error): Words => ({
      text: `The present state does not allow that (409, ${request(error)}).${says(error.detail)} Nothing was changed.`,
      next: /\/run\/\d+/u.test(error.path) ? { tools: ["get_run_status"], to: "see the state" } : undefined
    }),
    Rejected: (error): Words => ({
      text: `Sequentum refused the request (${error.status}, ${request(error)}).${says(error.detail)} The same call will be refused again: change the arguments first.`
    }),
    RateLimited: (error): Words => ({
      text: `Too many requests to Sequentum (429). Nothing was done. Try again ${inAWhile(error.retryAfterSeconds)}, and poll less often.`
    }),
    ServerFailure: (error): Words =>
      unclear(error, `Sequentum failed (${error.status}, ${request(error)}).`, inAWhile(error.retryAfterSeconds)),
    RequestTimeout: (error): Words =>
      unclear(error, `Sequentum did not answer within ${seconds(error.seconds)} (${request(error)}).`, "in a minute"),
    ConnectionFailed: (error): Words =>
      error.reached
        ? unclear(error, `The connection to Sequentum broke (${error.code}, ${request(error)}).`, "in a minute")
        : {
            text: `Sequentum can't be reached (${error.code}). Nothing was changed. Try again in a minute; if it stays so, ask the user to check the network and SEQUENTUM_API_URL.`
          },
    UnexpectedResponse: (error): Words => ({
      text: `Sequentum's answer to ${request(error)} could not be used (status ${error.status}): it had ${error.problem}${error.at === "" ? "" : ` at ${error.at}`}. Trying again is unlikely to help. Ask the user to check SEQUENTUM_API_URL, or to report this.`
    })
  })
)

/** The sentence(s) for a failed call. Tools that are not offered are not named. */
export const errorText = (error: ToolError, isOffered: (tool: string) => boolean): string => {
  const { next, text } = words(error)
  const tool = next?.tools.find(isOffered)
  return next === undefined || tool === undefined ? text : `${text} Use ${tool} to ${next.to}.`
}

export const errorResult = (error: ToolError, isOffered: (tool: string) => boolean): CallToolResult => ({
  isError: true,
  content: [{ type: "text", text: errorText(error, isOffered) }]
})

/** The value as structured content, and the same JSON as text for clients that read only text. */
export const successResult = ({ json, value }: ToolResult): CallToolResult => ({
  content: [{ type: "text", text: json }],
  structuredContent: { ...value }
})
