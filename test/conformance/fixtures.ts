/* eslint-disable @typescript-eslint/no-deprecated -- the suite asks for what the older revisions still have */
import { randomBytes, randomUUID } from "node:crypto"
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type GetPromptResult,
  type InputRequiredResult,
  type Result,
  type ReadResourceResult,
  type ServerContext,
  type Tool
} from "@modelcontextprotocol/server"
import * as Predicate from "effect/Predicate"
import type { ServerExtension } from "../../src/mcp/server.ts"
import { skillsExtension } from "../../src/mcp/skillMethods.ts"
import { tasksExtension } from "../../src/mcp/taskMethods.ts"
import { requireTasks, takesTasks, taskResult } from "../../src/mcp/tasks.ts"

type ToolAnswer = CallToolResult | InputRequiredResult
type ToolFixture = Tool & {
  readonly answer: (args: Readonly<Record<string, unknown>>, ctx: ServerContext) => ToolAnswer | Promise<ToolAnswer>
}

/** A PNG of one red pixel and a WAV of no sound, in Base64. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="

const text = (value: string): CallToolResult => ({ content: [{ type: "text", text: value }] })

const image = { type: "image", data: png, mimeType: "image/png" } as const

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

const tool = (
  name: string,
  description: string,
  answer: ToolFixture["answer"],
  inputSchema: Tool["inputSchema"] = { type: "object", additionalProperties: false }
): ToolFixture => ({ name, description, inputSchema, answer })

const codec = createRequestStateCodec<{ readonly step: number }>({ key: randomBytes(32) })

const asks = (name: string, message: string) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: "object", properties: { [name]: { type: "string" } }, required: [name] }
  })

const confirms = inputRequired.elicit({
  message: "Please confirm",
  requestedSchema: { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] }
})

const samples = (question: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens
  })

const answered = (ctx: ServerContext, ...keys: ReadonlyArray<string>) =>
  keys.every((key) => ctx.mcpReq.inputResponses?.[key] !== undefined)

const step = (ctx: ServerContext) => ctx.mcpReq.requestState<{ readonly step: number }>()?.step

type Form = Extract<
  Parameters<ServerContext["mcpReq"]["elicitInput"]>[0],
  { readonly requestedSchema: unknown }
>["requestedSchema"]

/** Asks over the stream of the call: the client may not listen on another yet. */
const sameStream = (ctx: ServerContext) => ({ relatedRequestId: ctx.mcpReq.id })

/** The fixtures use every form that the protocol allows, more than the SDK's own type spells out. */
const anyForm = (properties: Record<string, unknown>): Form => {
  const form: Form = { type: "object", properties: {}, required: [] }
  Object.assign(form.properties, properties)
  return form
}

const elicitation =
  (properties: Record<string, unknown>, message: string) => async (_: unknown, ctx: ServerContext) => {
    const { action, content = {} } = await ctx.mcpReq.elicitInput(
      {
        message,
        requestedSchema: anyForm(properties)
      },
      sameStream(ctx)
    )
    return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`)
  }

const options = ["option1", "option2", "option3"]
const titled = (noun: string) => [
  { const: "value1", title: `First ${noun}` },
  { const: "value2", title: `Second ${noun}` },
  { const: "value3", title: `Third ${noun}` }
]

const stringInput = (name: string): Tool["inputSchema"] => ({
  type: "object",
  properties: { [name]: { type: "string" } },
  required: [name]
})

type Answers = (message: string, properties: Record<string, unknown>) => Promise<unknown>

interface Pending {
  readonly request: object
  readonly answer: (response: unknown) => void
}

/** A task of the fixtures, which keeps its state in this process. */
interface FixtureTask {
  readonly seed: { readonly taskId: string; readonly createdAt: string }
  status: "working" | "input_required" | "completed" | "failed" | "cancelled"
  lastUpdatedAt: string
  ending: object
  readonly pending: Map<string, Pending>
}

const fixtureTasks = new Map<string, FixtureTask>()

const isOver = ({ status }: FixtureTask) => status === "completed" || status === "failed" || status === "cancelled"

const move = (task: FixtureTask, status: FixtureTask["status"], ending: object = {}) => {
  if (isOver(task)) return
  task.status = status
  task.ending = ending
  task.lastUpdatedAt = new Date().toISOString()
}

const describeTask = ({ ending, lastUpdatedAt, seed, status }: FixtureTask): Result => ({
  ...seed,
  status,
  lastUpdatedAt,
  ttlMs: 3_600_000,
  pollIntervalMs: 100,
  ...ending
})

/** As `describeTask`, with what the task asks: a new task does not show it yet. */
const showTask = (task: FixtureTask): Result => ({
  ...describeTask(task),
  ...(task.status === "input_required"
    ? { inputRequests: Object.fromEntries([...task.pending].map(([key, { request }]) => [key, request])) }
    : {})
})

/** Begins a task that may ask on its way. */
const begin = (work: (ask: Answers) => Promise<CallToolResult>): CallToolResult => {
  const createdAt = new Date().toISOString()
  const task: FixtureTask = {
    seed: { taskId: randomUUID(), createdAt },
    status: "working",
    lastUpdatedAt: createdAt,
    ending: {},
    pending: new Map()
  }
  fixtureTasks.set(task.seed.taskId, task)
  const ask: Answers = (message, properties) =>
    new Promise((answer) => {
      const requestedSchema = { type: "object", properties, required: Object.keys(properties) }
      const request = { method: "elicitation/create", params: { mode: "form", message, requestedSchema } }
      task.pending.set(randomUUID(), { request, answer })
      move(task, "input_required")
    })
  work(ask).then(
    (result) => {
      move(task, "completed", { result })
    },
    (error: unknown) => {
      const message = error instanceof Error ? error.message : "failed"
      move(task, "failed", { statusMessage: message, error: { code: -32_603, message } })
    }
  )
  return taskResult({ resultType: "task", ...describeTask(task) })
}

/** As `begin`, for clients that take tasks only. */
const beginFor = (ctx: ServerContext, work: Parameters<typeof begin>[0]): CallToolResult => {
  requireTasks(ctx)
  return begin(work)
}

const seconds = (amount: unknown) => new Promise((resolve) => setTimeout(resolve, Number(amount ?? 0) * 1000))

const isAccepted = (response: unknown) => Predicate.hasProperty(response, "action") && response.action === "accept"

const object = { type: "object" } as const

const taskTools: ReadonlyArray<ToolFixture> = [
  tool("greet", "Greets at once.", ({ name }) => text(`Hello, ${String(name)}!`), object),
  tool(
    "slow_compute",
    "Takes some seconds, as a task where the client takes one.",
    async ({ label, seconds: wanted }, ctx) => {
      const compute = async () => {
        await seconds(wanted)
        return text(typeof label === "string" ? `done ${label}` : "done")
      }
      return wanted === 0 || !takesTasks(ctx) ? compute() : begin(compute)
    },
    object
  ),
  tool("failing_job", "A task whose result is an error.", (_, ctx) =>
    beginFor(ctx, () => Promise.resolve({ isError: true, ...text("failed") }))
  ),
  tool("protocol_error_job", "A task that fails.", (_, ctx) =>
    beginFor(ctx, async () => {
      await pause()
      throw new ProtocolError(ProtocolErrorCode.InternalError, "boom")
    })
  ),
  tool(
    "confirm_delete",
    "A task that asks once.",
    ({ filename }, ctx) =>
      beginFor(ctx, async (ask) => {
        const answer = await ask(`Delete ${String(filename)}?`, { confirm: { type: "boolean" } })
        return text(isAccepted(answer) ? `deleted ${String(filename)}` : "kept")
      }),
    object
  ),
  tool("multi_input", "A task that asks twice at once.", (_, ctx) =>
    beginFor(ctx, async (ask) =>
      text(
        JSON.stringify(
          await Promise.all([ask("name", { name: { type: "string" } }), ask("ok", { confirm: { type: "boolean" } })])
        )
      )
    )
  ),
  tool("test_tool_with_task", "Asks before its task.", (_, ctx) => {
    requireTasks(ctx)
    const name = ctx.mcpReq.inputResponses?.["user_name"]
    return name === undefined
      ? inputRequired({ inputRequests: { user_name: asks("name", "Who?") } })
      : begin(() => Promise.resolve(text(`Hello ${JSON.stringify(name)}`)))
  })
]

const answerPending = (task: FixtureTask, responses: unknown) => {
  if (!Predicate.isRecord(responses)) return
  for (const [key, response] of Object.entries(responses)) {
    const pending = task.pending.get(key)
    task.pending.delete(key)
    pending?.answer(response)
  }
  if (task.pending.size === 0) move(task, "working")
}

const tools: ReadonlyArray<ToolFixture> = [
  ...taskTools,
  tool("test_simple_text", "Gives a text.", () => text("This is a simple text response for testing.")),
  tool("test_image_content", "Gives an image.", () => ({ content: [image] })),
  tool("test_audio_content", "Gives a sound.", () => ({
    content: [{ type: "audio", data: wav, mimeType: "audio/wav" }]
  })),
  tool("test_embedded_resource", "Gives a resource.", () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content."
        }
      }
    ]
  })),
  tool("test_multiple_content_types", "Gives a text, an image and a resource.", () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      image,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 })
        }
      }
    ]
  })),
  tool("test_error_handling", "Always fails.", () => ({
    isError: true,
    ...text("This tool intentionally returns an error for testing")
  })),
  tool("test_tool_with_progress", "Reports progress.", async (_, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } })
      }
      await pause()
    }
    return text("Done")
  }),
  tool("test_tool_with_logging", "Logs.", async (_, ctx) => {
    for (const message of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await ctx.mcpReq.log("info", message)
      await pause()
    }
    return text("Done")
  }),
  tool("test_logging_tool", "Logs once.", async (_, ctx) => {
    await ctx.mcpReq.log("info", "A message")
    return text("Done")
  }),
  tool(
    "test_sampling",
    "Asks the client's model.",
    async ({ prompt }, ctx) => {
      const { content } = await ctx.mcpReq.requestSampling(
        {
          messages: [{ role: "user", content: { type: "text", text: String(prompt) } }],
          maxTokens: 100
        },
        sameStream(ctx)
      )
      const [block] = Array.isArray(content) ? content : [content]
      return text(`LLM response: ${block?.type === "text" ? block.text : ""}`)
    },
    stringInput("prompt")
  ),
  tool(
    "test_elicitation",
    "Asks the user.",
    async ({ message }, ctx) => {
      const { action, content = {} } = await ctx.mcpReq.elicitInput(
        {
          message: String(message),
          requestedSchema: {
            type: "object",
            properties: {
              username: { type: "string", description: "User's response" },
              email: { type: "string", description: "User's email address" }
            },
            required: ["username", "email"]
          }
        },
        sameStream(ctx)
      )
      return text(`User response: action: ${action}, content: ${JSON.stringify(content)}`)
    },
    stringInput("message")
  ),
  tool(
    "test_elicitation_sep1034_defaults",
    "Asks the user, with defaults.",
    elicitation(
      {
        name: { type: "string", default: "John Doe" },
        age: { type: "integer", default: 30 },
        score: { type: "number", default: 95.5 },
        status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
        verified: { type: "boolean", default: true }
      },
      "Please review"
    )
  ),
  tool(
    "test_elicitation_sep1330_enums",
    "Asks the user to choose.",
    elicitation(
      {
        untitledSingle: { type: "string", enum: options },
        titledSingle: { type: "string", oneOf: titled("Option") },
        legacyEnum: {
          type: "string",
          enum: ["opt1", "opt2", "opt3"],
          enumNames: ["Option One", "Option Two", "Option Three"]
        },
        untitledMulti: { type: "array", items: { type: "string", enum: options } },
        titledMulti: { type: "array", items: { anyOf: titled("Choice") } }
      },
      "Please choose"
    )
  ),
  tool("json_schema_2020_12_tool", "Has a schema of many keywords.", () => text("Done"), {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } }
      }
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" }
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false
  }),
  tool("test_missing_capability", "Needs sampling.", (_, ctx) =>
    answered(ctx, "sample") ? text("Done") : inputRequired({ inputRequests: { sample: samples("Say something", 10) } })
  ),
  tool("test_streaming_elicitation", "Asks the user in the middle.", (_, ctx) =>
    answered(ctx, "name")
      ? text("Done")
      : inputRequired({ inputRequests: { name: asks("name", "What is your name?") } })
  ),
  tool("test_input_required_result_elicitation", "Asks for a name.", (_, ctx) => {
    const content = acceptedContent(ctx.mcpReq.inputResponses, "user_name")
    return typeof content?.["name"] === "string"
      ? text(`Hello, ${content["name"]}!`)
      : inputRequired({ inputRequests: { user_name: asks("name", "What is your name?") } })
  }),
  tool("test_input_required_result_capabilities", "Asks for what the client can do.", (_, ctx) => {
    const declared = Object.entries(ctx.mcpReq.envelope ?? {}).find(
      ([key]) => key === CLIENT_CAPABILITIES_META_KEY
    )?.[1]
    if (answered(ctx, "user_name") || answered(ctx, "question")) return text("Done")
    return Predicate.hasProperty(declared, "elicitation")
      ? inputRequired({ inputRequests: { user_name: asks("name", "What is your name?") } })
      : inputRequired({ inputRequests: { question: samples("What is the capital of France?", 100) } })
  }),
  tool("test_input_required_result_sampling", "Asks the client's model.", (_, ctx) =>
    answered(ctx, "capital_question")
      ? text(JSON.stringify(ctx.mcpReq.inputResponses?.["capital_question"]))
      : inputRequired({ inputRequests: { capital_question: samples("What is the capital of France?", 100) } })
  ),
  tool("test_input_required_result_list_roots", "Asks for the roots.", (_, ctx) =>
    answered(ctx, "client_roots")
      ? text(JSON.stringify(ctx.mcpReq.inputResponses?.["client_roots"]))
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
  ),
  tool("test_input_required_result_request_state", "Keeps state.", async (_, ctx) =>
    answered(ctx, "confirm") && step(ctx) === 1
      ? text("state-ok")
      : inputRequired({ inputRequests: { confirm: confirms }, requestState: await codec.mint({ step: 1 }, ctx) })
  ),
  tool("test_input_required_result_tampered_state", "Keeps state that may not be changed.", async (_, ctx) =>
    answered(ctx, "confirm") && step(ctx) === 1
      ? text("state-ok")
      : inputRequired({ inputRequests: { confirm: confirms }, requestState: await codec.mint({ step: 1 }, ctx) })
  ),
  tool("test_input_required_result_multiple_inputs", "Asks for three things.", async (_, ctx) =>
    answered(ctx, "user_name", "greeting", "client_roots") && step(ctx) === 1
      ? text("Done")
      : inputRequired({
          inputRequests: {
            user_name: asks("name", "What is your name?"),
            greeting: samples("Generate a greeting", 50),
            client_roots: inputRequired.listRoots()
          },
          requestState: await codec.mint({ step: 1 }, ctx)
        })
  ),
  tool("test_input_required_result_multi_round", "Asks twice.", async (_, ctx) => {
    if (answered(ctx, "step2") && step(ctx) === 2) return text("Done")
    return answered(ctx, "step1") && step(ctx) === 1
      ? inputRequired({
          inputRequests: { step2: asks("color", "Step 2: What is your favorite color?") },
          requestState: await codec.mint({ step: 2 }, ctx)
        })
      : inputRequired({
          inputRequests: { step1: asks("name", "Step 1: What is your name?") },
          requestState: await codec.mint({ step: 1 }, ctx)
        })
  })
]

const staticText = { uri: "test://static-text", mimeType: "text/plain" }
const staticBinary = { uri: "test://static-binary", mimeType: "image/png" }
const watched = { uri: "test://watched-resource", mimeType: "text/plain" }

const readFixture = (uri: string): ReadResourceResult | undefined => {
  const id = /^test:\/\/template\/([^/]+)\/data$/u.exec(uri)?.[1]
  if (id !== undefined) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
    return { contents: [{ uri, mimeType: "application/json", text: data }] }
  }
  if (uri === staticText.uri) {
    return { contents: [{ ...staticText, text: "This is the content of the static text resource." }] }
  }
  if (uri === staticBinary.uri) return { contents: [{ ...staticBinary, blob: png }] }
  return uri === watched.uri ? { contents: [{ ...watched, text: "Watched" }] } : undefined
}

const says = (value: string) => ({ role: "user", content: { type: "text", text: value } }) as const

const prompts = [
  { name: "test_simple_prompt", description: "A text." },
  {
    name: "test_prompt_with_arguments",
    description: "A text with arguments.",
    arguments: [
      { name: "arg1", description: "The first", required: true },
      { name: "arg2", description: "The second", required: true }
    ]
  },
  {
    name: "test_prompt_with_embedded_resource",
    description: "A resource.",
    arguments: [{ name: "resourceUri", description: "Its URI", required: true }]
  },
  { name: "test_prompt_with_image", description: "An image." },
  { name: "test_input_required_result_prompt", description: "Asks for its context." }
]

const getFixture = (
  name: string,
  args: Readonly<Record<string, string>>,
  ctx: ServerContext
): GetPromptResult | InputRequiredResult | undefined => {
  switch (name) {
    case "test_simple_prompt":
      return { messages: [says("This is a simple prompt for testing.")] }
    case "test_prompt_with_arguments":
      return { messages: [says(`Prompt with arguments: arg1='${args["arg1"] ?? ""}', arg2='${args["arg2"] ?? ""}'`)] }
    case "test_prompt_with_embedded_resource":
      return {
        messages: [
          {
            role: "user",
            content: {
              type: "resource",
              resource: {
                uri: args["resourceUri"] ?? "",
                mimeType: "text/plain",
                text: "Embedded resource content for testing."
              }
            }
          },
          says("Please process the embedded resource above.")
        ]
      }
    case "test_prompt_with_image":
      return { messages: [{ role: "user", content: image }, says("Please analyze the image above.")] }
    case "test_input_required_result_prompt":
      return answered(ctx, "user_context")
        ? { messages: [says("Use the context.")] }
        : inputRequired({
            inputRequests: { user_context: asks("context", "What context should the prompt use?") }
          })
    default:
      return undefined
  }
}

/** The suite's fixtures, beside everything that the server offers by itself. */
export const fixtures: ServerExtension = {
  options: {
    capabilities: {
      tools: {},
      prompts: {},
      completions: {},
      logging: {},
      resources: { subscribe: true },
      extensions: { [skillsExtension]: {}, [tasksExtension]: {} }
    },
    requestState: { verify: (state, ctx) => codec.verify(state, ctx) }
  },
  handlers: (own) => ({
    ...own,
    tasks: {
      "tasks/get": (params, ctx) => {
        const task = fixtureTasks.get(params.taskId)
        if (task === undefined) return own.tasks["tasks/get"](params, ctx)
        requireTasks(ctx)
        return Promise.resolve(showTask(task))
      },
      "tasks/update": (params, ctx) => {
        const task = fixtureTasks.get(params.taskId)
        if (task === undefined) return own.tasks["tasks/update"](params, ctx)
        requireTasks(ctx)
        answerPending(task, params.inputResponses ?? ctx.mcpReq.inputResponses ?? {})
        return Promise.resolve({})
      },
      "tasks/cancel": (params, ctx) => {
        const task = fixtureTasks.get(params.taskId)
        if (task === undefined) return own.tasks["tasks/cancel"](params, ctx)
        requireTasks(ctx)
        move(task, "cancelled")
        return Promise.resolve({})
      }
    },
    "tools/list": async (request, ctx) => {
      const listed = await own["tools/list"](request, ctx)
      return { ...listed, tools: [...listed.tools, ...tools.map(({ answer: _, ...described }) => described)] }
    },
    "tools/call": (request, ctx, capabilities) => {
      const fixture = tools.find(({ name }) => name === request.params.name)
      return fixture === undefined
        ? own["tools/call"](request, ctx, capabilities)
        : fixture.answer(request.params.arguments ?? {}, ctx)
    },
    "resources/list": async (request, ctx) => {
      const listed = await own["resources/list"](request, ctx)
      const more = [staticText, staticBinary, watched].map((resource) => ({ ...resource, name: resource.uri }))
      return { ...listed, resources: [...listed.resources, ...more] }
    },
    "resources/templates/list": async (request, ctx) => {
      const listed = await own["resources/templates/list"](request, ctx)
      const template = { uriTemplate: "test://template/{id}/data", name: "template", mimeType: "application/json" }
      return { ...listed, resourceTemplates: [...listed.resourceTemplates, template] }
    },
    "resources/read": (request, ctx) => readFixture(request.params.uri) ?? own["resources/read"](request, ctx),
    "prompts/list": async (request, ctx) => {
      const listed = await own["prompts/list"](request, ctx)
      return { ...listed, prompts: [...listed.prompts, ...prompts] }
    },
    "prompts/get": (request, ctx) =>
      getFixture(request.params.name, request.params.arguments ?? {}, ctx) ?? own["prompts/get"](request, ctx),
    "completion/complete": (request, ctx) =>
      "name" in request.params.ref && request.params.ref.name === "test_prompt_with_arguments"
        ? { completion: { values: ["paris", "park", "party"], hasMore: false } }
        : own["completion/complete"](request, ctx)
  }),
  register: (server) => {
    server.setRequestHandler("resources/subscribe", ({ params }) => {
      if (readFixture(params.uri) === undefined)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, "No such resource")
      return {}
    })
    server.setRequestHandler("resources/unsubscribe", () => ({}))
  }
}
