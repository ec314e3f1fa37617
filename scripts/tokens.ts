import { countTokens } from "gpt-tokenizer/encoding/o200k_base"
import type { ToolDescriptor } from "../src/tools/Tool.ts"
import { offered, onTheWire, selectionOf } from "./surface.ts"

/**
 * What the list of tools costs a model's context: the JSON of tools/list, output schemas and annotations included, in
 * bytes and in tokens of the o200k_base encoding, which are an estimate for other models. Exits with 1 when an aim is
 * missed.
 */
const aims = [
  { name: "all toolsets", request: {}, maxBytes: 60_000 },
  { name: "--toolsets agents,runs,files", request: { toolsets: ["agents", "runs", "files"] }, maxBytes: 22_000 }
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
for (const { maxBytes, name, request } of aims) {
  const tools = offered(selectionOf(request))
  const size = measure(list(tools))
  const held = size.bytes <= maxBytes
  console.log(`${line(`${name} (${tools.length})`, size)}, aim at most ${maxBytes} bytes: ${held ? "held" : "MISSED"}`)
  if (!held) process.exitCode = 1
}
