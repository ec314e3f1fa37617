import { assert, describe, it } from "@effect/vitest"
import { allPrompts } from "../../src/prompts/prompts.ts"
import { allTools } from "../../src/tools/catalog/all.ts"

describe("the prompts", () => {
  it("are listed in this order with these arguments", () => {
    assert.deepStrictEqual(
      allPrompts.map(({ arguments: args, name }) => [
        name,
        args.map((argument) => `${argument.name}${argument.required ? "*" : ""}`).join(" ")
      ]),
      [
        ["debug-agent", "agentName*"],
        ["agent-health-check", "agentName*"],
        ["run-and-monitor", "agentName*"],
        ["compare-runs", "agentName*"],
        ["schedule-agent", "agentName* scheduleDescription*"],
        ["space-overview", "spaceName*"],
        ["spending-report", ""],
        ["cost-analysis", ""],
        ["daily-operations-report", ""],
        ["build-agent-from-prompt", "prompt* spaceName pollingPreference"],
        ["inspect-agent-draft", "sessionId* pollingPreference"]
      ]
    )
  })

  it("each name existing tools", () => {
    const names = new Set(allTools.map(({ name }) => name))
    for (const { name, tools } of allPrompts)
      for (const tool of tools) assert.isTrue(names.has(tool), `${name}: ${tool}`)
  })
})
