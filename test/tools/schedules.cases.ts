import type { ScheduleTools } from "../../src/tools/catalog/schedules.ts"
import { badPeriods, changes, reads, refusal, sandboxAgents, type Cases } from "./ToolCase.ts"

/** A schedule as Sequentum sends it. */
export const schedule = {
  id: 31,
  configId: 7,
  name: "Nightly",
  schedule: "0 2 * * *",
  timezone: "Europe/Berlin",
  nextRunTime: "2026-03-02T01:00:00Z",
  startTime: null,
  scheduleType: 3,
  isEnabled: true,
  runEveryCount: null,
  runEveryPeriod: null,
  inputParameters: '{"category":"Fiction"}',
  parallelism: 2,
  parallelMaxConcurrency: 1,
  parallelExport: "Separated",
  logLevel: "Warning",
  logMode: "TextAndHtml",
  isExclusive: true,
  isWaitOnFailure: false
}

const berlin = (day: number) => ({ utc: `2026-03-0${day}T01:00:00Z`, local: `2026-03-0${day}T02:00:00+01:00` })

/** The same schedule in a result. */
const detail = {
  scheduleId: 31,
  agentId: 7,
  name: "Nightly",
  scheduleType: "CRON",
  cronExpression: "0 2 * * *",
  timezone: "Europe/Berlin",
  nextRunTime: "2026-03-02T01:00:00Z",
  isEnabled: true,
  inputParameters: '{"category":"Fiction"}',
  parallelism: 2
}

/** The same after it was made or changed. */
const saved = { ...detail, nextRuns: [2, 3, 4, 5, 6].map(berlin) }

const agent = { agentId: 7 }
const ids = { ...agent, scheduleId: 31 }

const get = { request: "GET /agent/7/schedules/31", answer: { body: schedule } }

/** A schedule of the sandbox. */
const sandboxSchedule = { agentId: 4102, scheduleId: 9001 }

/** Every parameter of a schedule but its ids. */
const everyField = {
  name: "Nightly",
  scheduleType: "CRON",
  startTime: "2026-05-01T06:00:00Z",
  cronExpression: "0 2 * * *",
  runEveryCount: 1,
  runEveryPeriod: "days",
  timezone: "Europe/Berlin",
  inputParameters: "{}",
  isEnabled: true,
  parallelism: 2,
  parallelMaxConcurrency: 1,
  parallelExport: "Combined",
  isWaitOnFailure: false,
  logLevel: "Info",
  logMode: "Text",
  isExclusive: true
}

const create = { ...agent, name: "Nightly" }
const once = { ...create, scheduleType: 1 }
const every = { ...create, scheduleType: 2 }
const everySixHours = { ...every, runEveryCount: 6, runEveryPeriod: 2 }

const noCount = "runEveryCount is required for a RunEvery schedule."
const noPeriod = "runEveryPeriod is required for a RunEvery schedule."

export const scheduleCases: Cases<typeof ScheduleTools> = {
  list_agent_schedules: {
    annotations: reads,
    arguments: agent,
    exchanges: [{ request: "GET /agent/7/schedules", answer: { body: [schedule] } }],
    result: { schedules: [detail] },
    refuses: [
      refusal({ agentId: 0 }, "agentId must be an integer of at least 1, but was 0."),
      refusal(
        { ...agent, spaceId: 3 },
        "agentId and spaceId exclude each other: give one of them, or none for all agents."
      )
    ],
    sandbox: [{}, { spaceId: 101 }, ...sandboxAgents.map((agentId) => ({ agentId }))]
  },

  get_agent_schedule: {
    annotations: reads,
    arguments: ids,
    exchanges: [get],
    result: detail,
    refuses: [refusal(agent, "scheduleId is required: an integer of at least 1.")],
    sandbox: [sandboxSchedule]
  },

  create_agent_schedule: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: false }),
    arguments: { ...create, cronExpression: "0 2 * * *", timezone: "Europe/Berlin" },
    exchanges: [
      {
        request: "POST /agent/7/schedules",
        sends: {
          name: "Nightly",
          scheduleType: 3,
          cronExpression: "0 2 * * *",
          timezone: "Europe/Berlin",
          isEnabled: true,
          parallelism: 1
        },
        answer: { status: 201, body: schedule }
      }
    ],
    result: saved,
    refuses: [
      refusal(create, "cronExpression is required for a CRON schedule."),
      refusal(
        { ...create, cronExpression: "* * * *" },
        "cronExpression must have 5 fields (minute hour day month weekday), but has 4."
      ),
      refusal(
        { ...create, cronExpression: "0 0 6 * * *" },
        "cronExpression must have 5 fields (minute hour day month weekday), but has 6."
      ),
      ...["61 * * * *", "0 25 * * *", "every day at six o'clock"].map((cronExpression) =>
        refusal(
          { ...create, cronExpression },
          `cronExpression is not valid: "${cronExpression}". An example is "0 6 * * 1-5".`
        )
      ),
      ...["Mars/Olympus", "+02:00", "CET+1", "Europe/Berlin ", "../etc"].map((timezone) =>
        refusal(
          { ...create, cronExpression: "0 6 * * *", timezone },
          `timezone must be an IANA time zone such as Europe/Berlin, but was ${JSON.stringify(timezone)}.`
        )
      ),
      refusal(once, "startTime is required for a RunOnce schedule."),
      refusal(
        { ...once, startTime: "2026-03-11T12:00:59Z" },
        "startTime must be at least 1 minute ahead, but was 2026-03-11T12:00:59Z; it is now 2026-03-11T12:00:00.000Z."
      ),
      refusal(every, noCount, noPeriod),
      refusal({ ...every, runEveryPeriod: 2 }, noCount),
      refusal({ ...every, runEveryCount: 6 }, noPeriod),
      refusal(
        { ...everySixHours, startTime: "2026-03-11T12:00:00Z" },
        "startTime must be in the future, but was 2026-03-11T12:00:00Z; it is now 2026-03-11T12:00:00.000Z."
      ),
      ...[0, 6].map((runEveryPeriod) =>
        refusal(
          { ...everySixHours, runEveryPeriod },
          `runEveryPeriod must be one of "minutes", "hours", "days", "weeks", "months", but was ${runEveryPeriod}.`
        )
      ),
      // Everything that is wrong, at once.
      refusal(
        { name: " ", scheduleType: 9, parallelism: 51, isEnabled: "yes", inputParameters: "[secret]" },
        "agentId is required: an integer of at least 1.",
        'name must be a text of 1 to 200 characters, not blank, but was " ".',
        'scheduleType must be one of "RunOnce", "RunEvery", "CRON", but was 9.',
        "inputParameters must be JSON text of an object, but was a text of 8 characters.",
        'isEnabled must be true or false, but was "yes".',
        "parallelism must be an integer from 1 to 50, but was 51."
      )
    ],
    everyArgument: { agentId: 4101, ...everyField }
  },

  update_agent_schedule: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: true }),
    arguments: { ...ids, cronExpression: "0 3 * * *" },
    exchanges: [
      get,
      {
        request: "PUT /agent/7/schedules/31",
        sends: {
          name: "Nightly",
          timezone: "Europe/Berlin",
          inputParameters: '{"category":"Fiction"}',
          isEnabled: true,
          parallelism: 2,
          parallelMaxConcurrency: 1,
          parallelExport: "Separated",
          logLevel: "Warning",
          logMode: "TextAndHtml",
          isExclusive: true,
          isWaitOnFailure: false,
          scheduleType: 3,
          cronExpression: "0 3 * * *"
        },
        answer: { body: schedule }
      }
    ],
    result: saved,
    refuses: [
      refusal({ ...ids, name: "" }, 'name must be a text of 1 to 200 characters, not blank, but was "".'),
      ...[{ runEveryCount: 6 }, { runEveryPeriod: 2 }, { runEveryCount: 6, runEveryPeriod: 2 }].map((interval) =>
        refusal(
          { ...ids, cronExpression: "0 3 * * *", ...interval },
          "cronExpression and runEveryCount or runEveryPeriod contradict each other: give scheduleType to say which is meant."
        )
      )
    ],
    everyArgument: { ...sandboxSchedule, ...everyField }
  },

  enable_agent_schedule: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: true }),
    arguments: ids,
    exchanges: [{ request: "POST /agent/7/schedules/31/enable", answer: { body: "" } }],
    result: { ...ids, isEnabled: true },
    refuses: [refusal({ scheduleId: 31 }, "agentId is required: an integer of at least 1.")],
    everyArgument: sandboxSchedule,
    expectsNothing: true
  },

  disable_agent_schedule: {
    annotations: changes({ destructiveHint: false, openWorldHint: false, idempotentHint: true }),
    arguments: ids,
    exchanges: [{ request: "POST /agent/7/schedules/31/disable", answer: { body: "" } }],
    result: { ...ids, isEnabled: false },
    refuses: [refusal({ ...agent, scheduleId: null }, "scheduleId is required: an integer of at least 1.")],
    everyArgument: sandboxSchedule,
    expectsNothing: true
  },

  delete_agent_schedule: {
    annotations: changes({ destructiveHint: true, openWorldHint: false, idempotentHint: true }),
    arguments: ids,
    exchanges: [{ request: "DELETE /agent/7/schedules/31", answer: { body: "" } }],
    result: { deleted: true, ...ids },
    refuses: [
      refusal({ ...agent, scheduleId: "Nightly" }, 'scheduleId must be an integer of at least 1, but was "Nightly".')
    ],
    everyArgument: sandboxSchedule,
    expectsNothing: true
  },

  get_scheduled_runs: {
    annotations: reads,
    arguments: { startDate: "2026-03-01", endDate: "2026-03-08" },
    exchanges: [
      {
        request: "GET /analytics/schedules/upcoming?endDate=2026-03-08&startDate=1970-01-01T00:00:00.000Z",
        answer: {
          body: [
            {
              scheduleId: 31,
              agentId: 7,
              agentName: "Books",
              scheduleName: "Nightly",
              nextRunTime: "2026-03-02T01:00:00Z",
              timezone: "Europe/Berlin",
              isEnabled: true,
              lastRunStatus: 13
            }
          ]
        }
      },
      { request: "GET /agent/7/schedules", answer: { body: [schedule] } }
    ],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-08",
      scheduledRuns: [2, 3, 4, 5, 6, 7, 8].map(berlin).map(({ local, utc }) => ({
        scheduleId: 31,
        scheduleName: "Nightly",
        agentId: 7,
        agentName: "Books",
        nextRunTime: utc,
        localTime: local,
        timezone: "Europe/Berlin"
      }))
    },
    refuses: badPeriods(),
    sandbox: [{ startDate: "2026-03-11", endDate: "2026-03-21" }]
  }
}
