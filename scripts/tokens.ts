import { countTokens } from "gpt-tokenizer/encoding/o200k_base"
import type { ToolDescriptor } from "../src/tools/Tool.ts"
import { offered, onTheWire, selectionOf } from "./surface.ts"

/**
 * The size of the tool list in a model's context: the JSON of tools/list, with output schemas and annotations, in bytes
 * and in tokens of the o200k_base encoding (an estimate for other models). Exits with 1 if a limit is exceeded.
 */
const limits = [
  { name: "all toolsets", request: {}, maxBytes: 61_000 },
  { name: "--toolsets agents,runs,files", request: { toolsets: ["agents", "runs", "files"] }, maxBytes: 26_000 }
] as const

const measure = (value: unknown) => {
  const json = JSON.stringify(value)
  return { bytes: Buffer.byteLength(json), tokens: countTokens(json) }
}

const line = (name: string, { bytes, tokens }: ReturnType<typeof measure>) =>
  `${name.padEnd(30)} ${String(bytes).padStart(7)} bytes ${String(tokens).padStart(7)} tokens`

const list = (tools: ReadonlyArray<ToolDescriptor>) => ({ tools: tools.map(onTheWire) })

const all = offered()
for (const tool of all) console.log(line(tool.name, measure(onTheWire(tool))))
console.log()
for (const { maxBytes, name, request } of limits) {
  const tools = offered(selectionOf(request))
  const size = measure(list(tools))
  const fits = size.bytes <= maxBytes
  console.log(`${line(`${name} (${tools.length})`, size)}, limit ${maxBytes} bytes: ${fits ? "ok" : "EXCEEDED"}`)
  if (!fits) process.exitCode = 1
}
