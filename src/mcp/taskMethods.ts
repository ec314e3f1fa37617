import type { StandardSchemaV1 } from "@modelcontextprotocol/server"
import * as Predicate from "effect/Predicate"

/** Id of the extension. Source: the MCP extension "tasks" for revision 2026-07-28. */
export const tasksExtension = "io.modelcontextprotocol/tasks"

/** The requests about a task. */
export const taskMethods = ["tasks/get", "tasks/update", "tasks/cancel"] as const
export type TaskMethod = (typeof taskMethods)[number]

export interface TaskParams {
  readonly taskId: string
  /** Answers to what a task asked. No task of ours asks. */
  readonly inputResponses: unknown
}

/** Not an Effect Schema: it is needed at the start, which must stay fast. */
export const taskParams: StandardSchemaV1<unknown, TaskParams> = {
  "~standard": {
    version: 1,
    vendor: "sequentum-mcp",
    validate: (params) =>
      Predicate.hasProperty(params, "taskId") && typeof params.taskId === "string"
        ? {
            value: {
              taskId: params.taskId,
              inputResponses: Predicate.hasProperty(params, "inputResponses") ? params.inputResponses : undefined
            }
          }
        : { issues: [{ message: "taskId must be a text", path: ["taskId"] }] }
  }
}
