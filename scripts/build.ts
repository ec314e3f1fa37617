import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join, relative, resolve } from "node:path"
import type { Metafile } from "esbuild"
import * as Schema from "effect/Schema"
import { bundle } from "./bundle.ts"

const outdir = "dist"

/** Package folders whose code ended up in the bundle. */
const bundledPackages = (metafile: Metafile): ReadonlyArray<string> => {
  const used = Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs)
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

const licences = async (packages: ReadonlyArray<string>): Promise<string> => {
  const parts = await Promise.all(
    packages.map(async (folder) => {
      const manifest = readManifest(JSON.parse(await readFile(join(folder, "package.json"), "utf8")))
      const text = await firstReadable(licenceNames.map((name) => join(folder, name)))
      return `${manifest.name} ${manifest.version}\nLicence: ${manifest.license ?? "see below"}\n\n${text?.trim() ?? "The package ships no licence text."}`
    })
  )
  return `${parts.join(`\n\n${"-".repeat(79)}\n\n`)}\n`
}

/** Removes what an earlier build left. Only after the new one is written, so that there is a program at all times. */
const removeAllBut = async (wanted: ReadonlySet<string>) => {
  for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
    const path = resolve(entry.parentPath, entry.name)
    if (entry.isFile() && !wanted.has(path)) await rm(path)
  }
}

const metafile = await bundle({ entry: "src/main.ts", outdir })
await chmod(join(outdir, "main.js"), 0o755)
const others = new Map([["THIRD_PARTY_LICENSES.txt", await licences(bundledPackages(metafile))]])
if (process.argv.includes("--metafile")) others.set("meta.json", JSON.stringify(metafile))
for (const [name, text] of others) await writeFile(join(outdir, name), text)
await removeAllBut(
  new Set(
    [...Object.keys(metafile.outputs), ...[...others.keys()].map((name) => join(outdir, name))].map((path) =>
      resolve(path)
    )
  )
)
for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
  if (!path.endsWith(".map")) process.stdout.write(`${relative(dirname(outdir), path)}  ${bytes} bytes\n`)
}
