/** The little of a markdown-it token that is used here. */
export interface Token {
  readonly type: string
  readonly children: Array<Token> | null
  readonly attrGet: (name: string) => string | null
  readonly attrSet: (name: string, value: string) => void
}

/** Whether a link leads to a file of the repository that is no page, such as the licence. */
const leadsToFile = (href: string) => !/^(?:[a-z]+:|#|\/)|\.md(?:#|$)/u.test(href)

/** Leads links to such files to the repository, or leaves their text alone while that has no address. */
export const linkFiles = (tokens: ReadonlyArray<Token>, repository: string | undefined): Array<Token> => {
  let isDropped = false
  return tokens.filter((token) => {
    if (token.type === "link_close") {
      const keeps = !isDropped
      isDropped = false
      return keeps
    }
    const href = token.type === "link_open" ? token.attrGet("href") : null
    if (href === null || !leadsToFile(href)) return true
    if (repository !== undefined) {
      token.attrSet("href", `${repository}/blob/HEAD/${href.replace(/^(?:\.\.?\/)+/u, "")}`)
      return true
    }
    isDropped = true
    return false
  })
}
