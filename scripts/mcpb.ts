import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { published } from "./published.ts"
import { bundleManifest } from "./registry.ts"
import { zip, type ZipFile } from "./zip.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

const file = (path: string): ZipFile => ({ path: path.replaceAll("\\", "/"), content: readFileSync(join(root, path)) })

/** The built program, without what only helps to debug it. */
const program = () =>
  readdirSync(join(root, "dist"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()

const json = (path: string, value: unknown): ZipFile => ({
  path,
  content: Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
})

/** The MCPB bundle of the built program, a zip archive. */
export const bundleArchive = (): Buffer =>
  zip([
    json("manifest.json", bundleManifest(published)),
    json("package.json", { name: published.name, version: published.version, type: "module" }),
    ...["LICENSE", "README.md", ...program()].map(file)
  ])
