import { assert, describe, it } from "@effect/vitest"
import { settings } from "../../src/config.ts"

describe("the settings", () => {
  it("each have a variable of their own, in capitals", () => {
    const variables = Object.values(settings).map(({ env }) => env)
    assert.strictEqual(new Set(variables).size, variables.length)
    for (const variable of variables) assert.match(variable, /^[A-Z][A-Z_]*[A-Z]$/)
  })
})
