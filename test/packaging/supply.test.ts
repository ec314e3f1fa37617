import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { licenceProblems, makeSbom, Sbom, vulnerabilities } from "../../scripts/sbom.ts"

const built = (name: string) => readFileSync(new URL(`../../dist/${name}`, import.meta.url), "utf8")

const read = Schema.decodeSync(Sbom)

const sbomOf = (...packages: Parameters<typeof makeSbom>[0]) => read(JSON.stringify(makeSbom(packages)))

describe("the list of what is bundled", () => {
  it("has the packages of which the licences are shipped, and each once", () => {
    const { components } = read(built("sbom.cdx.json"))
    const shipped = [...built("THIRD_PARTY_LICENSES.txt").matchAll(/^(\S+) (\d+\.\d+\.\d\S*)\nLicence: /gmu)]
    assert.isAbove(components.length, 20)
    assert.deepStrictEqual(
      components.map(({ name, version }) => `${name} ${version}`),
      shipped.map(([, name = "", version = ""]) => `${name} ${version}`)
    )
    const names = components.map(({ name }) => name)
    // Of the worker, of the entry, and of a chunk.
    for (const name of ["sql.js", "effect", "@modelcontextprotocol/server", "jsonc-parser"]) assert.include(names, name)
    assert.notInclude(names, "vitest")
    assert.strictEqual(new Set(components.map(({ purl }) => purl)).size, components.length)
  })

  it("names packages as package URLs do", () => {
    const { components } = sbomOf({ name: "@scope/name", version: "1.2.3", license: "MIT" })
    assert.strictEqual(components[0].purl, "pkg:npm/%40scope/name@1.2.3")
  })
})

describe("licences", () => {
  it("are all allowed", () => assert.deepStrictEqual(licenceProblems(read(built("sbom.cdx.json"))), []))

  it("that are not, or not known, are named", () => {
    assert.deepStrictEqual(
      licenceProblems(
        sbomOf(
          { name: "good", version: "1.0.0", license: "ISC" },
          { name: "strict", version: "1.0.0", license: "AGPL-3.0-only" },
          { name: "either", version: "1.0.0", license: "(MIT OR GPL-3.0)" },
          { name: "silent", version: "1.0.0", license: undefined }
        )
      ),
      [
        "strict 1.0.0: AGPL-3.0-only is not in the list of licences.",
        "either 1.0.0: (MIT OR GPL-3.0) is not in the list of licences.",
        "silent 1.0.0: no licence is not in the list of licences."
      ]
    )
  })
})

describe("known vulnerabilities", () => {
  const report = JSON.stringify({
    vulnerabilities: {
      bundled: { severity: "high", nodes: ["node_modules/bundled"], via: [{ title: "It breaks" }, "inner"] },
      tool: { severity: "high", nodes: ["node_modules/tool"], via: [{ title: "Also" }] }
    }
  })
  const folders = new Set(["node_modules/bundled"])

  it("count for what is bundled", () => {
    assert.deepStrictEqual(vulnerabilities(report, folders), ["bundled (high): It breaks; by inner"])
    assert.deepStrictEqual(vulnerabilities('{"vulnerabilities":{}}', folders), [])
  })

  it("are not known where the registry does not answer", () => {
    for (const answer of ["", "<html>", '{"message":"405 Method Not Allowed","error":{}}']) {
      assert.isUndefined(vulnerabilities(answer, folders))
    }
  })
})
