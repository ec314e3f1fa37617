import { defineConfig } from "vitest/config"

/** Tests that start the built program, alone or beside others. */
const program = ["test/{cli,http,interop,packaging}/**/*.test.ts"]

export default defineConfig({
  test: {
    pool: "forks",
    // The tests that start programs mostly wait for them, so that a worker for each core is not one too many.
    minWorkers: 1,
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: { name: "units", include: ["test/**/*.test.ts"], exclude: program, testTimeout: 30_000 }
      },
      {
        extends: true,
        test: {
          name: "program",
          include: program,
          globalSetup: "scripts/freshBuild.ts",
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      }
    ]
  }
})
