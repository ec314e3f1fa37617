import { dirname, join, relative } from "node:path"

/**
 * The rooms of `src`, in the order of a call, each with all that it may import from: rooms, or single files of one.
 * The linter (`scripts/roomsRule.ts`) and `npm run rooms` read this table.
 */
export const rooms: Readonly<Record<string, ReadonlyArray<string>>> = {
  "main.ts": ["cli", "serve"],
  cli: ["serve", "sandbox", "mcp", "tools/catalog", "tools", "sequentum", "runtime", "config.ts"],
  serve: [
    "http",
    "mcp",
    "resources",
    "tools/catalog",
    "tools",
    "sequentum",
    "sequentum/client",
    "runtime",
    "config.ts"
  ],
  http: ["mcp", "tools/catalog", "tools", "sequentum", "runtime", "config.ts"],
  mcp: ["prompts", "resources", "tools", "sequentum", "sequentum/client", "runtime", "policies.ts"],
  prompts: ["resources", "policies.ts"],
  resources: ["tools", "sequentum"],
  "tools/catalog": ["tools", "sequentum", "policies.ts"],
  tools: ["sequentum"],
  sequentum: ["sequentum/client", "runtime"],
  // Below the services, beside what both speak of.
  "sequentum/client": ["sequentum/errors.ts", "sequentum/Credentials.ts", "sequentum/Deadline.ts", "runtime"],
  sandbox: [],
  runtime: [],
  "config.ts": [],
  "policies.ts": []
}

const names = Object.keys(rooms).sort((left, right) => right.length - left.length)

/** The room of a file, given by its path below `src`; undefined for a file in none. */
export const roomOf = (file: string): string | undefined =>
  names.find((room) => file === room || file.startsWith(`${room}/`))

/** Why `file` may not import `specifier`, in one sentence; undefined where it may. Both paths are below `src`. */
export const importProblem = (file: string, specifier: string): string | undefined => {
  if (!specifier.startsWith(".")) return undefined
  const target = join(dirname(file), specifier)
  const from = roomOf(file)
  if (from === undefined) return `src/${file} is in no room: add it to scripts/rooms.ts.`
  // The version is read from package.json.
  if (relative("..", target) === "package.json" && from === "runtime") return undefined
  const to = roomOf(target)
  const allowed = rooms[from] ?? []
  return to === from || (to !== undefined && allowed.includes(to)) || allowed.includes(target)
    ? undefined
    : `src/${from} may import from ${allowed.length === 0 ? "no other room" : allowed.join(", ")}, not from ${target}.`
}
