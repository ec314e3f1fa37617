import { fuzzStdio } from "../test/support/stdioFuzz.ts"

/**
 * Sends seeded lines, most of them spoilt, to the built server over stdio. LINES, SEED and ERA (legacy or modern) change
 * what is sent. Exits with 1 on a crash, a hang, an invalid reply or a request that was left without its response.
 */
const era = process.env["ERA"] === "modern" ? "modern" : "legacy"
const lines = Number(process.env["LINES"] ?? 200_000)
const seed = Number(process.env["SEED"] ?? 1)

const startedAt = performance.now()
const report = await fuzzStdio({
  program: "dist/main.js",
  lines,
  seed,
  era,
  patienceMillis: 30_000,
  onBatch: (sent) => {
    if (sent % 20_000 === 0) console.error(`${sent} lines`)
  }
})

console.log(`era ${era}, seed ${seed}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
console.log(`lines sent  ${report.sent}`)
console.log(`replies     ${report.replies}`)
for (const [code, count] of [...report.errors].sort(([left], [right]) => right - left)) {
  console.log(`  ${code}    ${count}`)
}
console.log(`unanswered  ${report.unanswered.length} ${report.unanswered.slice(0, 5).join(" ")}`)
console.log(`invalid     ${report.invalid.length} ${report.invalid.slice(0, 5).join("\n")}`)
console.log(`exit code   ${report.exitCode ?? "none: it had to be killed"}`)
if (report.stderr !== "") console.log(`stderr      ${report.stderr.slice(0, 2000)}`)

const isFine =
  report.sent === lines &&
  report.unanswered.length === 0 &&
  report.invalid.length === 0 &&
  report.exitCode === 0 &&
  report.stderr === ""
process.exitCode = isFine ? 0 : 1
