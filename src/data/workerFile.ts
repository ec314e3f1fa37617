import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

/** The names of the worker's files in the built program, beside the chunk that holds this module. */
export const workerName = "dataWorker.cjs"
export const wasmName = "sql-wasm.wasm"

/** How to start the worker: its file or, from source, code. */
export interface WorkerFile {
  readonly start: URL | string
  readonly wasmPath: string
}

/** Bundles the source as the build does, in the thread itself: loaders of TypeScript do not reach into threads. */
const bootFromSource = (source: string, esbuild: string) => `
const { outputFiles } = require(${JSON.stringify(esbuild)}).buildSync({
  entryPoints: [${JSON.stringify(source)}],
  bundle: true, format: "cjs", platform: "node", target: "node20", write: false
})
const Module = require("node:module")
new Module(${JSON.stringify(source)})._compile(outputFiles[0].text, ${JSON.stringify(source)})`

const fromSource = (): WorkerFile => {
  const { resolve } = createRequire(import.meta.url)
  const source = fileURLToPath(new URL("worker.ts", import.meta.url))
  return {
    start: bootFromSource(source, resolve("esbuild")),
    wasmPath: resolve("sql.js/dist/sql-wasm.wasm")
  }
}

export const workerFile: WorkerFile = import.meta.url.endsWith(".ts")
  ? fromSource()
  : { start: new URL(workerName, import.meta.url), wasmPath: fileURLToPath(new URL(wasmName, import.meta.url)) }
