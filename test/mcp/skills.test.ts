import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { parse } from "yaml"
import { readSkills, toolsOf } from "../../src/skills/skills.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { Selection } from "../../src/tools/selection.ts"
import { account } from "../support/account.ts"
import { conversation, type Json } from "../support/conversation.ts"
import { overSandbox } from "../support/sandbox.ts"

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})
const listed = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.map(record) : [])

const names = allTools.map(({ name }) => name)
const skills = await readSkills()
const uriOf = ({ name }: { readonly name: string }) => `skill://${name}/SKILL.md`

const talk = (selection?: Selection, era: "modern" | "legacy" = "modern") =>
  conversation({ era, respond: account, ...(selection === undefined ? {} : { selection }) })

const without =
  (hidden: string): Selection =>
  ({ name }) =>
    name !== hidden

describe("the files of the skills", () => {
  for (const skill of skills) {
    it(`${skill.name} is as the specification of Agent Skills has it`, () => {
      const [, head = "", body = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/u.exec(skill.text) ?? []
      const frontmatter = record(parse(head))
      assert.sameMembers(Object.keys(frontmatter), ["name", "description"])
      assert.deepStrictEqual(frontmatter, { name: skill.name, description: skill.description })
      assert.match(skill.name, /^(?=.{1,64}$)[a-z0-9]+(?:-[a-z0-9]+)*$/u)
      assert.isAtLeast(skill.description.length, 1)
      assert.isAtMost(skill.description.length, 1024)
      assert.match(skill.description, / Use (?:when|for|each)/u)
      assert.isAtMost(body.split("\n").length, 500)
      assert.notInclude(body, "<!--")
    })

    it(`${skill.name} names no tool that there is not`, () => {
      const words = new Set(skill.text.match(/\b[a-z]+(?:_[a-z]+)+\b/gu))
      assert.sameMembers([...words], [...toolsOf(skill, names)])
      assert.isAtLeast(words.size, 3)
    })
  }
})

describe("the examples of the skills", () => {
  it.scoped("are queries that the sandbox answers", () =>
    Effect.gen(function* () {
      const text = skills.find(({ name }) => name === "question-run-data")?.text ?? ""
      const queries = [...text.matchAll(/`(SELECT [^`]+)`/gu)].map(([, sql = ""]) => sql)
      assert.isAtLeast(queries.length, 3)
      const { call } = yield* overSandbox()
      const agentId = 4101
      const [newer, older] = listed((yield* call("get_agent_runs", { agentId, maxRecords: 2 }))["runs"])
      for (const sql of queries) {
        const tables = sql.includes("old.")
          ? [
              { name: "new", agentId, runId: newer?.["runId"] },
              { name: "old", agentId, runId: older?.["runId"] }
            ]
          : [{ agentId }]
        assert.isNotEmpty((yield* call("query_run_data", { sql, tables }))["rows"], sql)
      }
    })
  )
})

for (const era of ["modern", "legacy"] as const) {
  describe(`skills in the ${era} era`, () => {
    it.scoped("are listed with what their files are, and are resources too", () =>
      Effect.gen(function* () {
        const { request } = yield* talk(undefined, era)
        const entries = listed((yield* request("skills/list", {}))["skills"])
        assert.deepStrictEqual(
          entries.map(({ uri }) => uri),
          skills.map(uriOf)
        )
        const resources = listed((yield* request("resources/list", {}))["resources"])
        for (const [index, { description, name, text }] of skills.entries()) {
          const uri = uriOf({ name })
          const entry = record(entries[index])
          assert.deepStrictEqual(entry["frontmatter"], { name, description })
          const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`
          assert.deepStrictEqual(entry["resources"], [{ uri, digest, size: Buffer.byteLength(text) }])
          assert.deepStrictEqual((yield* request("skills/get", { uri }))["skill"], entry)
          assert.deepStrictEqual(
            resources.filter((resource) => resource["uri"] === uri),
            [{ uri, name, description, mimeType: "text/markdown" }]
          )
          const [content, ...others] = listed((yield* request("resources/read", { uri }))["contents"])
          assert.deepStrictEqual([content, others], [{ uri, mimeType: "text/markdown", text }, []])
        }
      })
    )

    it.scoped("that are not there are refused", () =>
      Effect.gen(function* () {
        const { request } = yield* talk(undefined, era)
        for (const uri of [undefined, "", "skill://", "skill://nothing/SKILL.md", "skill://control-costs/OTHER.md"]) {
          const { error } = yield* request("skills/get", { uri })
          assert.strictEqual(record(error)["code"], -32602, uri)
        }
        for (const uri of ["skill://nothing/SKILL.md", "skill://../SKILL.md", "skill://control-costs/../../secret"]) {
          const { error } = yield* request("resources/read", { uri })
          assert.strictEqual(record(error)["code"], era === "modern" ? -32602 : -32002, uri)
        }
        assert.strictEqual(record((yield* request("skills/get", { uri: 5 }))["error"])["code"], -32602)
      })
    )
  })
}

describe("a skill", () => {
  for (const skill of skills) {
    it.scoped(`${skill.name} is hidden with any tool that it names, and with no other`, () =>
      Effect.gen(function* () {
        const uri = uriOf(skill)
        const own = toolsOf(skill, names)
        for (const hidden of [...own, ...names.filter((name) => !own.includes(name)).slice(0, 3)]) {
          const isOffered = !own.includes(hidden)
          const { request } = yield* talk(without(hidden))
          const uris = listed((yield* request("skills/list", {}))["skills"]).map((entry) => entry["uri"])
          const resources = listed((yield* request("resources/list", {}))["resources"]).map((one) => one["uri"])
          const got = yield* request("skills/get", { uri })
          const read = yield* request("resources/read", { uri })
          assert.deepStrictEqual(
            [uris.includes(uri), resources.includes(uri), got["error"] === undefined, read["error"] === undefined],
            [isOffered, isOffered, isOffered, isOffered],
            hidden
          )
        }
      })
    )
  }

  it.scoped("that is offered names offered tools only, whatever is offered", () =>
    Effect.gen(function* () {
      for (const selection of [
        ({ annotations }) => annotations.readOnlyHint,
        ({ toolset }) => toolset === "runs" || toolset === "agents",
        () => false
      ] satisfies ReadonlyArray<Selection>) {
        const { request } = yield* talk(selection)
        for (const { uri } of listed((yield* request("skills/list", {}))["skills"])) {
          const [content] = listed((yield* request("resources/read", { uri }))["contents"])
          const words: ReadonlyArray<string> = String(content?.["text"]).match(/\b[a-z]+(?:_[a-z]+)+\b/gu) ?? []
          const offered = new Set(allTools.filter(selection).map(({ name }) => name))
          assert.isTrue(
            words.every((word) => offered.has(word)),
            String(uri)
          )
        }
      }
    })
  )
})
