import { chmod, copyFile, cp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Metafile } from "esbuild"
import * as Schema from "effect/Schema"
import { wasmName, workerName } from "../src/data/workerFile.ts"
import { bundle, bundleWorker } from "./bundle.ts"
import { makeSbom } from "./sbom.ts"

const outdir = "dist"

/** The files that the program can load. Excludes chunks that only eliminated code would import. */
const loadable = (outputs: Metafile["outputs"], path: string, found = new Set<string>()): Set<string> => {
  if (!found.has(path)) {
    found.add(path)
    for (const imported of outputs[path]?.imports ?? []) {
      if (imported.external !== true) loadable(outputs, imported.path, found)
    }
  }
  return found
}

/** The folders of the packages whose code is in the files. */
const bundledPackages = (outputs: Metafile["outputs"], files: ReadonlySet<string>): ReadonlyArray<string> => {
  const used = [...files].flatMap((file) =>
    Object.entries(outputs[file]?.inputs ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([input]) => input)
  )
  const folders = used.flatMap((input) => {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(input)
    return match?.[1] === undefined ? [] : [match[1]]
  })
  return [...new Set(folders)].sort()
}

const licenceNames = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "license", "license.md", "LICENSE-MIT"]

const firstReadable = async (paths: ReadonlyArray<string>): Promise<string | undefined> => {
  for (const path of paths) {
    try {
      return await readFile(path, "utf8")
    } catch {
      // Try the next name.
    }
  }
  return undefined
}

const readManifest = Schema.decodeUnknownSync(
  Schema.Struct({ name: Schema.String, version: Schema.String, license: Schema.optional(Schema.String) })
)

type Manifest = ReturnType<typeof readManifest>

const readManifests = (folders: ReadonlyArray<string>) =>
  Promise.all(
    folders.map(async (folder) => ({
      folder,
      manifest: readManifest(JSON.parse(await readFile(join(folder, "package.json"), "utf8")))
    }))
  )

const licences = async (packages: ReadonlyArray<{ readonly folder: string; readonly manifest: Manifest }>) => {
  const parts = await Promise.all(
    packages.map(async ({ folder, manifest }) => {
      const text = await firstReadable(licenceNames.map((name) => join(folder, name)))
      return `${manifest.name} ${manifest.version}\nLicence: ${manifest.license ?? "see below"}\n\n${text?.trim() ?? "The package ships no licence text."}`
    })
  )
  return `${parts.join(`\n\n${"-".repeat(79)}\n\n`)}\n`
}

/** Removes all other files. Called after the build is written, so that there is always a program. */
const keepOnly = async (paths: ReadonlyArray<string>) => {
  const kept = new Set(paths.map((path) => resolve(path)))
  for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
    const path = resolve(entry.parentPath, entry.name)
    if (entry.isFile() && !kept.has(path)) await rm(path)
  }
}

const main = join(outdir, "main.js")
const metafile = await bundle({ entry: "src/main.ts", outdir })
const worker = join(outdir, "chunks", workerName)
const wasm = join(outdir, "chunks", wasmName)
const { outputs: workerOutputs } = await bundleWorker(worker)
await copyFile("node_modules/sql.js/dist/sql-wasm.wasm", wasm)
const outputs = { ...metafile.outputs, ...workerOutputs }
const files = loadable(outputs, main).add(worker)
const packages = await readManifests(bundledPackages(outputs, files))
const sbom = makeSbom(packages.map(({ manifest: { license, name, version } }) => ({ name, version, license })))
const others = new Map([
  ["THIRD_PARTY_LICENSES.txt", await licences(packages)],
  ["sbom.cdx.json", `${JSON.stringify(sbom, null, 2)}\n`]
])
const isAnalysed = process.argv.includes("--metafile")
if (isAnalysed) others.set("meta.json", JSON.stringify(metafile))
const skills = (await readdir("src/skills", { recursive: true })).filter((path) => path.endsWith(".md"))
for (const path of skills) await cp(join("src/skills", path), join(outdir, "chunks/skills", path))
await chmod(main, 0o755)
for (const [name, text] of others) await writeFile(join(outdir, name), text)
await keepOnly([
  ...skills.map((path) => join(outdir, "chunks/skills", path)),
  wasm,
  ...[...files].flatMap((file) => [file, `${file}.map`]),
  ...[...others.keys()].map((name) => join(outdir, name))
])
if (isAnalysed) for (const file of files) process.stdout.write(`${file}  ${outputs[file]?.bytes ?? 0} bytes\n`)
