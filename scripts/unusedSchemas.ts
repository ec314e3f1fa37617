import { readFile } from "node:fs/promises"
import type { Plugin } from "esbuild"

const pure = (expression: string) => `/* @__PURE__ */ (() => ${expression})()`

/** A schema: all up to the semicolon that ends the statement. */
const schema = /^const (\w+) = ((?:z|\w+Schema)\.[^]*?);$(?=\n*(?:[^\s)}\]]|$(?![^])))/gmu
/** The two loops that enter all schemas into two tables, and the tables. */
const loops = /^for \(const key of SPEC_SCHEMA_KEYS\) .*\nfor \(const \[key, schema\] of .*$/mu
const table = /^const (isSpecType|specTypeSchemas) = Object\.freeze\((\w+)\);$/gmu
const sibling = / from "(\.\/[^"]+)"/gu
const schemas = '"@modelcontextprotocol/core/internal"'

/** The SDK has its schemas in a package of its own, and enters them into tables in these modules. */
const definitions = /@modelcontextprotocol\/core\/dist\/[^/]*\.mjs$/
const registrations = /@modelcontextprotocol\/(client|server)\/dist\/src-[^/]*\.mjs$/

/**
 * Leaves out the schemas of the SDK that nothing uses: 13 ms of a start of 120. The SDK makes all of them when it is
 * loaded, for tables that this server does not read. Here they and the tables count as free of side effects. The SDK's
 * client reads a table, so it gets schemas of its own, which a start does not load.
 */
export const unusedSchemas: Plugin = {
  name: "unused schemas",
  setup: ({ onLoad, onResolve, resolve }) => {
    onResolve({ filter: /\?client$/ }, async ({ kind, path, resolveDir }) => ({
      path: (await resolve(path.replace("?client", ""), { kind, resolveDir })).path,
      suffix: "?client"
    }))
    onLoad({ filter: definitions }, async ({ path, suffix }) => ({
      contents: (await readFile(path, "utf8"))
        .replace(schema, (_, name: string, made: string) => `const ${name} = ${pure(made)};`)
        .replace(sibling, ` from "$1${suffix}"`)
    }))
    onLoad({ filter: registrations }, async ({ path }) => {
      const text = await readFile(path, "utf8")
      if (![loops, table].every((part) => text.search(part) !== -1))
        throw new Error(`${path} has other tables of schemas`)
      return {
        contents: text
          .replace(loops, "const registerAll = () => {\n$&\n};")
          .replace(table, `const $1 = ${pure("(registerAll(), Object.freeze($2))")};`)
          .replace(schemas, path.includes("/client/") ? schemas.replace(/"$/u, '?client"') : schemas)
      }
    })
  }
}
