import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { displayWidth } from "../src/cli/print.ts"

/** Draws the terminal output of the demo as docs/demo.svg. Run by `npm run picture`, after a build. */
const letter = { width: 8.4, height: 19 }
const margin = 20
const columns = 100

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const colours = { plain: "#d0d7de", strong: "#ffffff", faint: "#8b949e", good: "#3fb950", bad: "#f85149" }

/** Lines as the demo highlights them on a terminal: without one it prints no colours. */
const colourOf = (line: string) => {
  if (/^\d+\. |^sequentum-mcp /u.test(line)) return colours.strong
  if (/^ {2}→|^MCP |─{3}/u.test(line)) return colours.faint
  if (line.startsWith("  ✓")) return colours.good
  return line.startsWith("  ✗") ? colours.bad : colours.plain
}

/** The pieces of a line between wide gaps, each with the column that it starts in. */
const piecesOf = (line: string) =>
  [...line.matchAll(/\S+(?: \S+)*/gu)].map((match) => ({
    text: match[0],
    column: displayWidth(line.slice(0, match.index))
  }))

/** The picture of some lines of text. Each column starts where it should, whatever font there is for its letters. */
export const draw = (lines: ReadonlyArray<string>): string => {
  const width = Math.round(columns * letter.width + 2 * margin)
  const height = lines.length * letter.height + 2 * margin + 14
  const rows = lines.flatMap((line, index) =>
    piecesOf(line).map(({ column, text }) => {
      const x = (margin + column * letter.width).toFixed(1)
      const y = margin + 26 + index * letter.height
      const length = (displayWidth(text) * letter.width).toFixed(1)
      return `<text x="${x}" y="${y}" fill="${colourOf(line)}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`
    })
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The demo in a terminal">`,
    `<rect width="${width}" height="${height}" rx="10" fill="#0d1117"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (fill, index) => `<circle cx="${margin + 6 + index * 20}" cy="18" r="6" fill="${fill}"/>`
    ),
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">`,
    ...rows,
    "</g>",
    "</svg>",
    ""
  ].join("\n")
}

if (import.meta.filename === process.argv[1]) {
  const output = execFileSync(process.execPath, ["dist/main.js", "demo"], { encoding: "utf8" })
  // The first half, so that the picture fits on a screen.
  const lines = (output.split("\n6. ", 1)[0] ?? "").trimEnd().split("\n")
  writeFileSync("docs/demo.svg", draw(lines))
  console.log("Wrote docs/demo.svg")
}
