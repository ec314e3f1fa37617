import { cruise, type ICruiseResult } from "dependency-cruiser"
import extractTsConfig from "dependency-cruiser/config-utl/extract-ts-config"
import { importProblem, roomOf, rooms } from "./rooms.ts"

/**
 * Counts the arrows between the rooms of `src`. Exits with 1 if files import each other in a cycle, if a room has an
 * import that the table does not allow, or if the table itself allows an import of an earlier room.
 */
const { output } = await cruise(
  ["src"],
  {
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    ruleSet: { forbidden: [{ name: "no-cycle", severity: "error", from: {}, to: { circular: true } }] }
  },
  undefined,
  { tsConfig: extractTsConfig("tsconfig.json") }
)
const result: string | ICruiseResult = output
if (typeof result === "string") throw new Error("The result is a text.")

const below = (path: string) => path.replace(/^src\//u, "")
const problems = result.summary.violations.map(({ from, to }) => `A cycle: ${from} and ${to} import each other.`)
const arrows = new Set<string>()
let files = 0
for (const { dependencies, source } of result.modules) {
  const from = roomOf(below(source))
  if (!source.startsWith("src/")) continue
  files += 1
  if (from === undefined) problems.push(`${source} is in no room: add it to scripts/rooms.ts.`)
  for (const { resolved } of dependencies) {
    const to = resolved.startsWith("src/") ? roomOf(below(resolved)) : undefined
    if (from === undefined || to === undefined || from === to) continue
    arrows.add(`${from} -> ${to}`)
    const problem = importProblem(
      below(source),
      `./${"../".repeat(below(source).split("/").length - 1)}${below(resolved)}`
    )
    if (problem !== undefined) problems.push(`${source}: ${problem}`)
  }
}

const order = Object.keys(rooms)
for (const [room, allowed] of Object.entries(rooms)) {
  for (const other of allowed) {
    if (order.includes(other) && order.indexOf(other) <= order.indexOf(room)) {
      problems.push(`The table of rooms has an arrow back up: ${room} -> ${other}.`)
    }
  }
}

for (const problem of problems) console.error(problem)
console.log(
  `${files} files in ${order.length} rooms, ${arrows.size} arrows between rooms, ${problems.length} problems.`
)
if (process.argv.includes("--list")) for (const arrow of [...arrows].sort()) console.log(arrow)
if (problems.length > 0) process.exitCode = 1
