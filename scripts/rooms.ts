import { dirname, join, relative } from "node:path"

/**
 * The rooms of `src` in the order of a call, each with everything that it may import: rooms, or single files of a room.
 * The linter (`scripts/roomsRule.ts`) and `npm run rooms` read this table.
 */
export const rooms: Readonly<Record<string, ReadonlyArray<string>>> = {
  "main.ts": ["cli", "serve"],
  cli: [
    "serve",
    "login",
    "sandbox",
    "mcp",
    "tools/catalog",
    "tools",
    "sequentum",
    "sequentum/client",
    "runtime",
    "config.ts"
  ],
  serve: [
    "login",
    "http",
    "mcp",
    "resources",
    "tools/catalog",
    "tools",
    "sequentum",
    "sequentum/client",
    "data",
    "runtime",
    "config.ts"
  ],
  login: ["sequentum", "sequentum/client"],
  http: ["mcp", "tools/catalog", "tools", "sequentum", "runtime", "config.ts"],
  mcp: ["prompts", "resources", "skills", "tools", "sequentum", "sequentum/client", "runtime", "policies.ts"],
  prompts: ["resources", "sequentum/schemas/text.ts", "policies.ts"],
  resources: ["tools", "sequentum"],
  skills: [],
  "tools/catalog": ["tools", "sequentum", "data", "runtime", "policies.ts"],
  tools: ["sequentum", "runtime"],
  sequentum: ["sequentum/client", "runtime"],
  // Below the services; these files of theirs are common to both.
  "sequentum/client": [
    "sequentum/errors.ts",
    "sequentum/Credentials.ts",
    "sequentum/Deadline.ts",
    "sequentum/Recipient.ts",
    "sequentum/Sparing.ts",
    "sequentum/schemas/text.ts",
    "runtime"
  ],
  // Knows nothing of Sequentum or MCP.
  data: [],
  sandbox: [],
  runtime: [],
  "config.ts": [],
  "policies.ts": []
}

const names = Object.keys(rooms).sort((left, right) => right.length - left.length)

/** The room of a file, by its path below `src`; undefined if it is in no room. */
export const roomOf = (file: string): string | undefined =>
  names.find((room) => file === room || file.startsWith(`${room}/`))

/** One sentence that says why `file` may not import `specifier`; undefined if it may. `file` is a path below `src`. */
export const importProblem = (file: string, specifier: string): string | undefined => {
  if (!specifier.startsWith(".")) return undefined
  const target = join(dirname(file), specifier)
  const from = roomOf(file)
  if (from === undefined) return `src/${file} is in no room: add it to scripts/rooms.ts.`
  // src/runtime reads the version from package.json.
  if (relative("..", target) === "package.json" && from === "runtime") return undefined
  const to = roomOf(target)
  const allowed = rooms[from] ?? []
  return to === from || (to !== undefined && allowed.includes(to)) || allowed.includes(target)
    ? undefined
    : `src/${from} may import from ${allowed.length === 0 ? "no other room" : allowed.join(", ")}, not from ${target}.`
}
