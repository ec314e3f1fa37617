import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild"
import { unusedSchemas } from "./unusedSchemas.ts"

export interface BundleOptions {
  readonly entry: string
  readonly outdir: string
}

/** What the program loads before it answers its first request. */
const start = "src/serve/serve.ts"

/**
 * Keeps what a start loads in one chunk. A module goes into a chunk with those that the same files need, so without this
 * a start reads many small ones: here every file that is loaded on demand needs all of it.
 */
const oneStartChunk = (onDemand: ReadonlyArray<string>): Plugin => {
  const paths = new Set(onDemand.map((path) => resolve(path)))
  return {
    name: "one start chunk",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }) =>
        paths.has(path)
          ? { contents: `${await readFile(path, "utf8")}\nimport ${JSON.stringify(resolve(start))}\n`, loader: "ts" }
          : undefined
      )
    }
  }
}

/** How every part of the program is bundled. */
const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  // No keepNames: it adds a call for every new closure, a fifth of the time of a request.
  minify: true,
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "none",
  metafile: true,
  logLevel: "warning"
} as const satisfies BuildOptions

/** Bundles the program into one folder: the entry and the chunks that it loads on demand. */
export const bundle = async ({ entry, outdir }: BundleOptions): Promise<Metafile> => {
  const options = {
    ...common,
    entryPoints: [entry],
    outdir,
    splitting: true,
    format: "esm",
    // The SDK validates only elicited input, which this server never requests, so its small validator is enough.
    alias: {
      "@modelcontextprotocol/server/_shims": "./scripts/sdkShims.ts",
      undici: "./scripts/undici.cjs",
      "proxy-agent-negotiate": "./scripts/noNegotiate.ts",
      // Its other build loads its parts by names that a bundler does not see.
      "jsonc-parser": "./node_modules/jsonc-parser/lib/esm/main.js"
    },
    chunkNames: "chunks/[name]-[hash]",
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);"
    }
  } satisfies BuildOptions
  const first = await build({ ...options, plugins: [unusedSchemas], write: false })
  const entries = Object.values(first.metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? [])
  const onDemand = entries.filter((path) => path.startsWith("src/") && path !== entry)
  const { metafile } = await build({ ...options, plugins: [unusedSchemas, oneStartChunk(onDemand)] })
  return metafile
}

/** Bundles the worker that reads data: a CommonJS file of its own, since SQLite's loader wants `__dirname`. */
export const bundleWorker = async (outfile: string): Promise<Metafile> => {
  const { metafile } = await build({
    ...common,
    entryPoints: ["src/data/worker.ts"],
    outfile,
    format: "cjs"
  })
  return metafile
}
