import { allCases } from "../tools/cases.ts"
import type { Answer, Sent } from "./http.ts"

/** `GET /agent/all?pageIndex=1` without the query. */
const withoutQuery = (request: string) => request.split("?", 1)[0] ?? ""

/** Answers by method and path. Where cases answer the same request, the first one holds. */
const answers = new Map(
  allCases
    .flatMap(({ exchanges }) => exchanges)
    .map(({ answer, request }) => [withoutQuery(request), answer] as const)
    .reverse()
)

const notFound: Answer = {
  status: 404,
  body: { statusCode: 404, statusDescription: "Not Found", message: "Not there" }
}

/** A small Sequentum account that never changes. It has what the cases of the tools ask for, else it answers 404. */
export const account = ({ method, path }: Sent): Answer => answers.get(`${method} ${path}`) ?? notFound
