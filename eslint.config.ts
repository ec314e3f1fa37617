import type { Linter } from "eslint"
import { defineConfig, globalIgnores } from "eslint/config"
import prettier from "eslint-config-prettier"
import tseslint from "typescript-eslint"
import { roomsRule } from "./scripts/roomsRule.ts"

const barrels = ["effect", "@effect/platform", "@effect/platform-node", "@effect/opentelemetry"].map((name) => ({
  name,
  message: "Import from the module path, such as effect/Effect."
}))

/** Packages that a room must not use, with the reason. */
const without = (room: string, group: ReadonlyArray<string>, message: string): Linter.Config => ({
  files: [`src/${room}/**/*.ts`],
  rules: { "no-restricted-imports": ["error", { paths: barrels, patterns: [{ group: [...group], message }] }] }
})

const sdk = ["@modelcontextprotocol/*"]
const knowsNoProtocol = "Only src/mcp, src/http and the command line know the protocol."

export default defineConfig(
  globalIgnores(["dist", "coverage", "node_modules", "bench/*.mjs", "scripts/*.cjs", "docs/site/dist"]),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-deprecated": [
        "error",
        // The low-level server, and the only way to the capabilities of a client of the older era.
        {
          allow: [
            { from: "package", name: ["Server", "getClientCapabilities"], package: "@modelcontextprotocol/server" }
          ]
        }
      ],
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      "@typescript-eslint/unbound-method": "off",
      // Effect.async<void> and Deferred.make<void> are how Effect says "nothing".
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "no-console": "error",
      "no-restricted-imports": ["error", { paths: barrels }]
    }
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: "Settings are read in src/config.ts only."
        },
        { selector: "TryStatement", message: "Use Effect.try or Effect.tryPromise." }
      ]
    }
  },
  { files: ["src/config.ts"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["src/**/*.ts"],
    plugins: { house: { rules: { rooms: roomsRule } } },
    rules: { "house/rooms": "error" }
  },
  ...["sequentum", "tools", "resources", "prompts", "runtime", "data", "sandbox"].map((room) =>
    without(room, sdk, knowsNoProtocol)
  ),
  without(
    "http",
    [
      "undici",
      "node:https",
      "@effect/opentelemetry/*",
      "@effect/platform/HttpClient*",
      "@effect/platform-node/NodeHttpClient",
      "@effect/platform-node/Undici"
    ],
    "src/http serves requests and sends none: src/sequentum/client and src/serve do."
  ),
  { files: ["bench/**/*.ts", "scripts/**/*.ts"], rules: { "no-console": "off" } },
  { files: ["test/**/*.ts"], rules: { "@typescript-eslint/no-floating-promises": "off" } },
  prettier
)
