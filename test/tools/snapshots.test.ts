import { readdirSync } from "node:fs"
import { assert, describe, expect, it } from "vitest"
import { offered, onTheWire } from "../../scripts/surface.ts"

/**
 * What a client sees of each tool, so that no change of it goes unnoticed. After an intended change:
 * `npx vitest run test/tools/snapshots.test.ts -u`. Delete the file of a tool that is gone.
 */
const folder = new URL("../snapshots/tools/", import.meta.url)
const files = readdirSync(folder)
const tools = offered()

describe("the snapshots", () => {
  it("are one file for each tool", () => {
    const wanted = tools.map(({ name }) => `${name}.json`)
    for (const file of wanted) assert.include(files, file, "It is new and now written: look at it and commit it")
    for (const file of files) assert.include(wanted, file, "There is no such tool: delete its snapshot")
  })

  it.each(tools.map((tool) => [tool.name, tool] as const))("agree with %s", async (name, tool) => {
    const text = `${JSON.stringify(onTheWire(tool), null, 2)}\n`
    await expect(text).toMatchFileSnapshot(new URL(`${name}.json`, folder).pathname)
  })
})
