import { readFileSync } from "node:fs"
import { published } from "../../../scripts/published.ts"
import { anchorOf } from "../anchor.ts"
import { linkFiles, type Token } from "../fileLinks.ts"
import { groups, top } from "../pages.ts"

// Without VitePress's own types, so that the checks of the project need not install it.

interface Markdown {
  readonly core: {
    readonly ruler: {
      readonly push: (name: string, rule: (state: { readonly tokens: ReadonlyArray<Token> }) => void) => void
    }
  }
}

const { description, name, repository } = published

/** Pages outside this folder can't find Vue while they are rendered; left outside the bundle, it is found from here. */
const vueFromHere = {
  name: "vue-from-here",
  enforce: "pre",
  resolveId: (id: string, _importer: string | undefined, { ssr }: { readonly ssr?: boolean }) =>
    ssr === true && /^vue(?:\/|$)/u.test(id) ? { id, external: true } : undefined
}

/**
 * The words of a text: names such as `delete_run` whole and by their parts, so that a search for one finds it first.
 * Runs in the browser too, so it uses nothing from outside itself.
 */
const tokenize = (text: string) =>
  text.split(/[^\p{L}\p{M}\p{N}_]+/u).flatMap((word) => (word.includes("_") ? [word, ...word.split("_")] : [word]))

/** Settings are rows of one long section, which would sink; the changelog names everything. Runs in the browser too. */
const boostDocument = (page: string) => (page.includes("/settings") ? 4 : page.includes("/CHANGELOG") ? 0.3 : 1)

export default {
  title: name,
  description,
  lang: "en",
  head: [
    // No icon, and no request for one.
    ["link", { rel: "icon", href: "data:," }],
    ["style", {}, readFileSync(new URL("../style.css", import.meta.url), "utf8")]
  ],
  // The whole repository, so that the links between its pages hold as they are.
  srcDir: "../..",
  srcExclude: ["!(docs)/**/*.md", "AGENTS.md"],
  rewrites: { "docs/site/index.md": "index.md" },
  outDir: "dist",
  cacheDir: "node_modules/.vitepress",
  markdown: {
    // Addresses in plain text are examples.
    linkify: false,
    anchor: { slugify: anchorOf },
    config: (markdown: Markdown) => {
      markdown.core.ruler.push("files", ({ tokens }) => {
        for (const { children } of tokens) children?.splice(0, children.length, ...linkFiles(children, repository))
      })
    }
  },
  vite: { plugins: [vueFromHere] },
  // One wide table and no headings: it needs the room of the outline.
  transformPageData: ({ relativePath }: { readonly relativePath: string }) =>
    relativePath === "docs/settings.md" ? { frontmatter: { aside: false } } : {},
  themeConfig: {
    nav: [...top, ...(repository === undefined ? [] : [{ text: "Source", link: repository }])],
    sidebar: groups,
    outline: [2, 3],
    search: {
      provider: "local",
      options: { miniSearch: { options: { tokenize }, searchOptions: { boostDocument } } }
    },
    notFound: {
      title: "There is no such page",
      quote: "Search for what you need, or start at the front page.",
      linkText: "Front page"
    },
    ...(repository === undefined ? {} : { editLink: { pattern: `${repository}/edit/HEAD/:path` } })
  }
}
