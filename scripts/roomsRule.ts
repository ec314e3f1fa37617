import { relative, resolve } from "node:path"
import type { Rule } from "eslint"
import { importProblem } from "./rooms.ts"

const src = resolve(import.meta.dirname, "../src")

/** Reports an import from a room that the importing room may not import. */
export const roomsRule: Rule.RuleModule = {
  meta: { type: "problem" },
  create: (context) => {
    const file = relative(src, context.filename)
    const check = (node: Rule.Node, source: unknown) => {
      if (typeof source !== "string") return
      const problem = importProblem(file, source)
      if (problem !== undefined) context.report({ node, message: problem })
    }
    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ImportExpression: (node) => check(node, node.source.type === "Literal" ? node.source.value : undefined)
    }
  }
}
