import { assert, describe, it } from "@effect/vitest"
import { resourceTemplates, staticResources } from "../../src/resources/resources.ts"
import { allTools } from "../../src/tools/catalog/all.ts"

describe("the resources", () => {
  it("are listed in this order", () => {
    assert.deepStrictEqual(
      staticResources.map(({ uri }) => uri.replace("sequentum://", "")),
      [
        "agents",
        "spaces",
        "billing/balance",
        "billing/spending",
        "billing/agents-usage",
        "analytics/runs",
        "analytics/upcoming-schedules"
      ]
    )
    assert.deepStrictEqual(
      resourceTemplates.map(({ uri }) => uri.replace("sequentum://", "")),
      [
        "agents/{agentId}",
        "agents/{agentId}/versions",
        "agents/{agentId}/schedules",
        "agents/{agentId}/cost-breakdown",
        "agents/{agentId}/runs",
        "agents/{agentId}/runs/{runId}",
        "agents/{agentId}/runs/{runId}/files",
        "agents/{agentId}/runs/{runId}/diagnostics",
        "agents/{agentId}/latest-failure",
        "spaces/{spaceId}",
        "spaces/{spaceId}/agents"
      ]
    )
  })

  it("each read an existing tool", () => {
    const names = new Set(allTools.map(({ name }) => name))
    for (const { tool, uri } of [...staticResources, ...resourceTemplates]) {
      assert.isTrue(names.has(tool), uri)
      assert.match(uri, /^sequentum:\/\//)
    }
  })
})
