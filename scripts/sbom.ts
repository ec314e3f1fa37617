import * as Schema from "effect/Schema"
import { published } from "./published.ts"

/** A package whose code is in the program. */
export interface Bundled {
  readonly name: string
  readonly version: string
  /** An SPDX identifier or expression; undefined if the package does not say. */
  readonly license: string | undefined
}

/** Package URL. Source: github.com/package-url/purl-spec, npm. */
const purl = ({ name, version }: Bundled) => `pkg:npm/${name.replace(/^@/u, "%40")}@${version}`

const isExpression = (license: string) => /\s/u.test(license)

const licences = ({ license }: Bundled) =>
  license === undefined ? [] : [isExpression(license) ? { expression: license } : { license: { id: license } }]

/**
 * What is in the program, in the form of CycloneDX 1.6 (cyclonedx.org/docs/1.6/json). It holds no time and no serial
 * number, so that the same sources make the same file.
 */
export const makeSbom = (packages: ReadonlyArray<Bundled>) => {
  const { description, license, name, version } = published
  const own = purl({ name, version, license })
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": own,
        name,
        version,
        description,
        purl: own,
        licenses: licences({ name, version, license })
      }
    },
    components: packages.map((one) => ({
      type: "library",
      "bom-ref": purl(one),
      name: one.name,
      version: one.version,
      purl: purl(one),
      licenses: licences(one)
    })),
    dependencies: [{ ref: own, dependsOn: packages.map(purl) }]
  }
}

/** The part of a list that is checked. */
export const Sbom = Schema.parseJson(
  Schema.Struct({
    bomFormat: Schema.Literal("CycloneDX"),
    specVersion: Schema.Literal("1.6"),
    components: Schema.NonEmptyArray(
      Schema.Struct({
        name: Schema.NonEmptyString,
        version: Schema.NonEmptyString,
        purl: Schema.String.pipe(Schema.startsWith("pkg:npm/")),
        licenses: Schema.Array(
          Schema.Union(
            Schema.Struct({ license: Schema.Struct({ id: Schema.String }) }),
            Schema.Struct({ expression: Schema.String })
          )
        )
      })
    )
  })
)

/** Licences that ask for no more than their text, which dist/THIRD_PARTY_LICENSES.txt has. */
const allowed: ReadonlySet<string> = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"])

/** One sentence for each package whose licence is not one of the allowed ones. */
export const licenceProblems = ({ components }: typeof Sbom.Type): ReadonlyArray<string> =>
  components.flatMap(({ licenses, name, version }) => {
    const found = licenses.map((one) => ("license" in one ? one.license.id : one.expression))
    return found.length > 0 && found.every((licence) => allowed.has(licence))
      ? []
      : [`${name} ${version}: ${found.length === 0 ? "no licence" : found.join(", ")} is not in the list of licences.`]
  })

/** Where a report of `npm audit --json` has the packages of this project. */
const Audit = Schema.parseJson(
  Schema.Struct({
    vulnerabilities: Schema.Record({
      key: Schema.String,
      value: Schema.Struct({
        severity: Schema.String,
        nodes: Schema.Array(Schema.String),
        via: Schema.Array(Schema.Union(Schema.String, Schema.Struct({ title: Schema.String })))
      })
    })
  })
)

/**
 * One sentence for each known vulnerability of a bundled package, by the folders that they are bundled from; undefined
 * if the report holds none since the registry did not answer.
 */
export const vulnerabilities = (report: string, folders: ReadonlySet<string>): ReadonlyArray<string> | undefined => {
  const decoded = Schema.decodeOption(Audit)(report)
  return decoded._tag === "None"
    ? undefined
    : Object.entries(decoded.value.vulnerabilities).flatMap(([name, { nodes, severity, via }]) => {
        const titles = via.map((one) => (typeof one === "string" ? `by ${one}` : one.title))
        return nodes.some((node) => folders.has(node)) ? [`${name} (${severity}): ${titles.join("; ")}`] : []
      })
}
