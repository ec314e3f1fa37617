/** A page. Its link is its path in the repository, without `.md`. */
interface Page {
  readonly text: string
  readonly link: string
}

/** What is linked from the top of every page. */
export const top: ReadonlyArray<Page> = [
  { text: "Clients", link: "/docs/clients" },
  { text: "Command line", link: "/docs/cli" },
  { text: "Deploying", link: "/docs/deploy" },
  { text: "Tools", link: "/docs/tool-reference" }
]

/** All pages but the front page, in the order of the sidebar. */
export const groups: ReadonlyArray<{ readonly text: string; readonly items: ReadonlyArray<Page> }> = [
  {
    text: "With an assistant",
    items: [
      { text: "Overview", link: "/README" },
      { text: "Clients", link: "/docs/clients" },
      { text: "Cookbook", link: "/docs/cookbook" },
      { text: "Consent", link: "/docs/consent" },
      { text: "Tasks and skills", link: "/docs/tasks" },
      { text: "Troubleshooting", link: "/docs/troubleshooting" }
    ]
  },
  { text: "In a script", items: [{ text: "Command line", link: "/docs/cli" }] },
  {
    text: "For many users",
    items: [
      { text: "Deploying", link: "/docs/deploy" },
      { text: "Security", link: "/SECURITY" }
    ]
  },
  {
    text: "Reference",
    items: [
      { text: "Tools", link: "/docs/tool-reference" },
      { text: "Prompts", link: "/docs/prompts-reference" },
      { text: "Resources", link: "/docs/resources-reference" },
      { text: "Settings", link: "/docs/settings" }
    ]
  },
  {
    text: "The project",
    items: [
      { text: "Support and versions", link: "/SUPPORT" },
      { text: "Changelog", link: "/CHANGELOG" },
      { text: "Contributing", link: "/CONTRIBUTING" },
      { text: "Architecture", link: "/docs/architecture" },
      { text: "Code of conduct", link: "/CODE_OF_CONDUCT" }
    ]
  }
]
