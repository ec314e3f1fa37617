import { description, mcpName, repository } from "../../package.json"

/** What the program says of itself, where it is published or served. */
export const about = { title: "Sequentum", description, registryName: mcpName, repository } as const

/** The title that clients show: a sandbox says that it is one. */
export const titleOf = (isSandbox: boolean): string => (isSandbox ? `${about.title} (sandbox)` : about.title)
