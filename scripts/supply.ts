import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import { licenceProblems, Sbom, vulnerabilities } from "./sbom.ts"

/** Checks what the build has bundled: its licences and, where the registry answers, its known vulnerabilities. */
const path = "dist/sbom.cdx.json"
const sbom = Schema.decodeSync(Sbom)(readFileSync(path, "utf8"))
const licences = licenceProblems(sbom)
console.log(`${sbom.components.length} packages are bundled. Licences that are not allowed: ${licences.length}.`)

const isBundled = new Set(sbom.components.map(({ name, version }) => `${name}@${version}`))
const Lock = Schema.parseJson(
  Schema.Struct({
    packages: Schema.Record({ key: Schema.String, value: Schema.Struct({ version: Schema.optional(Schema.String) }) })
  })
)
const { packages } = Schema.decodeSync(Lock)(readFileSync("package-lock.json", "utf8"))
const folders = new Set(
  Object.entries(packages).flatMap(([folder, { version = "" }]) =>
    existsSync(folder) && isBundled.has(`${folder.replace(/^.*node_modules\//u, "")}@${version}`) ? [folder] : []
  )
)

const { stdout } = spawnSync("npm", ["audit", "--json", "--fetch-retries=0", "--fetch-timeout=20000"], {
  encoding: "utf8",
  timeout: 60_000
})
const known = vulnerabilities(stdout, folders)
console.log(
  known === undefined
    ? "Known vulnerabilities: skipped, since the registry does not answer."
    : `Known vulnerabilities of what is bundled: ${known.length}.`
)

const problems = [...licences, ...(known ?? [])]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
