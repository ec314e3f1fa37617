import { execFile } from "node:child_process"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))

/** The file that each build writes last. */
const stamp = "dist/THIRD_PARTY_LICENSES.txt"

const inputs = [
  "package.json",
  "package-lock.json",
  "scripts/build.ts",
  "scripts/bundle.ts",
  "scripts/sdkShims.ts",
  "scripts/undici.cjs"
]

/** The time of the last write, in milliseconds since 1970; minus infinity if the file is missing. */
const writtenAt = (path: string): Promise<number> =>
  stat(join(root, path)).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NEGATIVE_INFINITY
  )

/** Builds the program for the tests that start it, if it is missing or older than its sources. */
export const setup = async (): Promise<void> => {
  const sources = (await readdir(join(root, "src"), { recursive: true })).map((name) => join("src", name))
  const [built, ...changed] = await Promise.all([stamp, ...inputs, ...sources].map(writtenAt))
  if (built === undefined || Math.max(...changed) > built) {
    await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: root })
  }
}
