import { performance } from "node:perf_hooks"
import type { Worker } from "node:worker_threads"

/** The threads of this process that have not ended. */
const threads = new Set<Worker>()

process.on("worker", (thread) => {
  threads.add(thread)
  thread.once("exit", () => threads.delete(thread))
})

/**
 * Changes as long as a thread of this process starts or works: both take real time, and as much of it as other programs
 * leave. The whole of it says nothing.
 */
export const threadActivity = (): number => {
  let sum = 0
  for (const thread of threads) {
    const { active, idle } = thread.performance.eventLoopUtilization()
    // Both are 0 until it has loaded its program.
    sum += active + idle === 0 ? performance.now() : active
  }
  return sum
}
