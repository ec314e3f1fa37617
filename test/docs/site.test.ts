import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { anchorOf } from "../../docs/site/anchor.ts"
import { linkFiles, type Token } from "../../docs/site/fileLinks.ts"
import { groups, top } from "../../docs/site/pages.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const markdownIn = (folder: string) =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith(".md") ? [join(folder, name)] : []))

const front = "docs/site/index.md"
const onSite = [...markdownIn("."), ...markdownIn("docs")].filter((page) => page !== "AGENTS.md")
const skills = readdirSync(join(root, "src/skills"), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? markdownIn(`src/skills/${entry.name}`) : []
)

/** A page without its code, which holds no links and no headings. */
const proseOf = (page: string) => readFileSync(join(root, page), "utf8").replaceAll(/^( *)```[\s\S]*?^\1```$/gmu, "")

/** The anchors of a page's headings. The second of equal headings ends in -1. */
const anchorsOf = (page: string) => {
  const seen = new Map<string, number>()
  return [...proseOf(page).matchAll(/^#+ (.+)$/gmu)].map(([, heading = ""]) => {
    const anchor = anchorOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, "$1"))
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
}

/** What a page links to: in its text outside inline code, and in its front matter. */
const linksOf = (page: string) =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)|^ +link: (\S+)$/gmu)].map(
    ([, inText, inFront]) => inText ?? inFront ?? ""
  )

/** The page or file that a link leads to, and the anchor in it. Links of the site start at the root and have no `.md`. */
const targetOf = (page: string, link: string) => {
  const [path = "", anchor] = link.split("#")
  if (path.startsWith("/")) return { file: `${path.slice(1)}.md`, anchor }
  return { file: path === "" ? page : join(page, "..", path), anchor }
}

const isBroken = (page: string) => (link: string) => {
  if (/^[a-z]+:/u.test(link)) return false
  const { anchor, file } = targetOf(page, link)
  return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor))
}

describe.each([...onSite, "AGENTS.md", front, ...skills])("%s", (page) => {
  it("links to files and headings that there are", () => {
    assert.deepStrictEqual(linksOf(page).filter(isBroken(page)), [])
  })
})

describe("the documentation site", () => {
  it("has each page in its sidebar once", () => {
    const listed = groups.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.md`))
    assert.sameMembers(listed, onSite)
    assert.includeMembers(
      listed,
      top.map(({ link }) => `${link.slice(1)}.md`)
    )
  })

  it("includes a part of the README that there is", () => {
    const [, region] = /<!--@include: \.\.\/\.\.\/README\.md#(\S+)-->/u.exec(proseOf(front)) ?? []
    const readme = proseOf("README.md")
    assert.include(readme, `<!-- #region ${String(region)} -->`)
    assert.include(readme, `<!-- #endregion ${String(region)} -->`)
  })

  it("has the anchors of repository pages", () => {
    assert.deepStrictEqual(["delete_run", "`… is not set: add --x.`", "Déjà vu, 2 of 3"].map(anchorOf), [
      "delete_run",
      "-is-not-set-add---x",
      "déjà-vu-2-of-3"
    ])
  })
})

/** The tokens of a link, and what became of its address. */
const linkTo = (href: string) => {
  let now = href
  const token = (type: string): Token => ({
    type,
    children: null,
    attrGet: () => now,
    attrSet: (_, value) => (now = value)
  })
  const left = (repository: string | undefined) => {
    const types = linkFiles(["text", "link_open", "text", "link_close", "text"].map(token), repository).map(
      ({ type }) => type
    )
    return {
      isLink: types.includes("link_open") && types.includes("link_close"),
      texts: types.filter((type) => type === "text").length,
      href: now
    }
  }
  return left
}

describe("a link to a file that is no page", () => {
  it("leads to the repository, once that has an address", () => {
    const repository = "https://host.example/owner/name"
    assert.deepStrictEqual(linkTo("../LICENSE")(repository), {
      isLink: true,
      texts: 3,
      href: `${repository}/blob/HEAD/LICENSE`
    })
    assert.deepStrictEqual(linkTo("Dockerfile")(undefined), { isLink: false, texts: 3, href: "Dockerfile" })
  })

  it.each(["https://host.example/x", "#set-up", "/docs/cli", "../SUPPORT.md#versions", "cli.md"])(
    "%s is none",
    (href) => {
      for (const repository of [undefined, "https://host.example/owner/name"]) {
        assert.deepStrictEqual(linkTo(href)(repository), { isLink: true, texts: 3, href })
      }
    }
  )
})
