import * as Data from "effect/Data"

/** The worker's own failures: a file that can't be read. `problem` is the end of "it can't be read: …". */
export class Unreadable extends Data.TaggedError("Unreadable")<{ readonly problem: string }> {}

/** A limit or a query that fails. `problem` is sentences. */
export class Refused extends Data.TaggedError("Refused")<{ readonly problem: string }> {}
