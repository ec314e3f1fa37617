import { crawlAgent, feeds, feedSchedules } from "./feeds.ts"
import { fleet, fleetSpaces } from "./fleet.ts"
import { fromCredits, grant } from "./ledger.ts"
import { random } from "./random.ts"
import { defaultOptions, skip, start, stop } from "./runs.ts"
import { arm } from "./schedules.ts"
import type { Seeded, SeededSchedule } from "./seeded.ts"
import type { Agent, FieldSet, Profile, Schedule, Space, World } from "./state.ts"
import { advance, ConfigType, days, hours, minutes, scheduleAt } from "./state.ts"

const spaces: ReadonlyArray<Omit<Space, "created">> = [
  { id: 101, name: "Retail Intelligence", isDefaultAccess: true, scope: "Public", runRetentionHours: null },
  { id: 102, name: "Market Research", isDefaultAccess: false, scope: "Private", runRetentionHours: 720 },
  { id: 103, name: "Operations", isDefaultAccess: false, scope: "Private", runRetentionHours: null },
  { id: 104, name: "Client Deliveries", isDefaultAccess: false, scope: "Private", runRetentionHours: null },
  { id: 105, name: "Data Feeds", isDefaultAccess: false, scope: "Public", runRetentionHours: 2160 }
]

const seeded: ReadonlyArray<Seeded> = [
  {
    agent: {
      id: 4101,
      name: "Books catalogue",
      spaceId: 101,
      description: "Every book of the books.example catalogue: title, author, price, rating, stock and description.",
      documentation:
        "Reads the category pages and then each book.\n\nInputs: category (a category name, or All) and maxPages (20 books a page).",
      inputParameters: { category: "All", maxPages: "10" },
      startUrl: "https://books.example/catalogue/"
    },
    profile: { dataset: "books", plannedMs: minutes(7), rows: 200, rowsPerPage: 20 },
    history: { count: 14, every: days(3) },
    versions: [null, "Read the stock count", "Follow the new category menu", "Keep line breaks in descriptions"]
  },
  {
    agent: {
      id: 4102,
      name: "Laptop prices",
      spaceId: 101,
      description: "Daily laptop prices and availability.",
      inputParameters: { brand: "All" },
      startUrl: "https://laptops.example/notebooks",
      proxyPoolId: 12,
      extra: { labels: [{ id: 3, name: "daily" }], approvalStatus: 2 }
    },
    profile: { dataset: "laptops", plannedMs: minutes(4), rows: 96, rowsPerPage: 24 },
    history: { count: 45, every: days(1) },
    versions: ["First version", "Handle sold-out pages"]
  },
  {
    agent: {
      id: 4103,
      name: "Grocery price watch",
      spaceId: 101,
      description: "Prices and offers of three stores. A few pages fail on most days.",
      documentation: null,
      inputParameters: { store: "All", postcode: "SW1A 1AA" },
      startUrl: "https://groceries.example/offers"
    },
    profile: { dataset: "groceries", plannedMs: minutes(9), rows: 150, rowsPerPage: 15, outcome: "errors" },
    history: { count: 15, every: days(2) }
  },
  {
    agent: {
      id: 4104,
      name: "Sneaker drops monitor",
      spaceId: 101,
      description: "New releases. Blocked by a CAPTCHA every other time.",
      startUrl: "https://sneakers.example/drops",
      proxyPoolId: 12
    },
    profile: {
      dataset: "sneakers",
      plannedMs: minutes(3),
      rows: 40,
      rowsPerPage: 10,
      outcome: "flaky",
      failure: "captcha"
    },
    history: { count: 18, every: days(2) }
  },
  {
    agent: {
      id: 4105,
      name: "Product reviews",
      spaceId: 101,
      description: "Reviews of tracked products, merged into a data set.",
      inputParameters: { productIds: "5001,5002,5003" },
      startUrl: "https://reviews.example/products"
    },
    profile: { dataset: "reviews", plannedMs: minutes(6), rows: 320, rowsPerPage: 20, updatesDataSet: true },
    history: { count: 6, every: days(7) }
  },
  {
    agent: {
      id: 4201,
      name: "Job postings",
      spaceId: 102,
      description: "Open vacancies by place.",
      inputParameters: { location: "All", maxPages: "12" },
      startUrl: "https://jobs.example/search"
    },
    profile: { dataset: "jobs", plannedMs: minutes(12), rows: 240, rowsPerPage: 20, outcome: "completed" },
    history: { count: 9, every: days(5) }
  },
  {
    agent: {
      id: 4202,
      name: "Property listings",
      spaceId: 102,
      description: "Flats and houses for sale, with phone numbers where they are shown.",
      inputParameters: { type: "All" },
      startUrl: "https://homes.example/for-sale"
    },
    profile: { dataset: "properties", plannedMs: minutes(10), rows: 180, rowsPerPage: 30 },
    history: { count: 11, every: days(4) },
    stopped: 3,
    versions: ["Imported", "Areas in square metres", null]
  },
  {
    agent: {
      id: 4203,
      name: "News headlines",
      spaceId: 102,
      description: null,
      startUrl: "https://news.example/latest",
      extra: { regionId: 2 }
    },
    profile: { dataset: "headlines", plannedMs: minutes(1.5), rows: 60, rowsPerPage: 30 },
    history: { count: 30, every: days(1.4) }
  },
  {
    agent: {
      id: 4204,
      name: "Company directory",
      spaceId: 102,
      description: "Company names, cities and sizes. Not run yet.",
      startUrl: "https://companies.example/a-z",
      validationStatus: 1
    },
    profile: { dataset: "companies", plannedMs: minutes(5), rows: 130, rowsPerPage: 26 }
  },
  {
    agent: {
      id: 4205,
      name: "Hotel rates",
      spaceId: 102,
      description: "Nightly rates. Archived: replaced by a partner feed.",
      startUrl: "https://hotels.example/search",
      archived: true
    },
    profile: { dataset: "hotels", plannedMs: minutes(8), rows: 140, rowsPerPage: 20 },
    history: { count: 4, every: days(7) }
  },
  {
    agent: {
      id: 4301,
      name: "Supplier portal invoices",
      spaceId: 103,
      description: "Invoices from the supplier portal. Fails since the portal asks for a login.",
      documentation: "The portal used to be open to our address range.",
      startUrl: "https://portal.suppliers.example/invoices",
      validationStatus: 2
    },
    profile: {
      dataset: "companies",
      plannedMs: minutes(5),
      rows: 120,
      rowsPerPage: 20,
      outcome: "failure",
      failure: "login"
    },
    history: { count: 10, every: days(1.7) },
    versions: ["First version", "Try a fresh session"]
  },
  {
    agent: {
      id: 4302,
      name: "Exchange rates",
      spaceId: 103,
      description: "Twelve reference rates; quick.",
      startUrl: "https://rates.example/reference"
    },
    profile: { dataset: "rates", plannedMs: minutes(0.6), rows: 12, rowsPerPage: 12 },
    history: { count: 12, every: days(3.5) }
  },
  {
    agent: {
      id: 4303,
      name: "Shared login helper",
      spaceId: 103,
      description: null,
      startUrl: null,
      configType: ConfigType.sharedFile,
      userId: null,
      validationStatus: null
    },
    profile: {}
  },
  {
    agent: {
      id: 4304,
      name: "Listing page template",
      spaceId: 103,
      description: "Starting point for list-and-detail sites.",
      startUrl: null,
      configType: ConfigType.template
    },
    profile: {}
  },
  {
    agent: {
      id: 4305,
      name: "Nightly cleanup",
      spaceId: 103,
      description: "Removes temporary files. Extracts nothing.",
      startUrl: null,
      configType: ConfigType.command
    },
    profile: { plannedMs: minutes(0.5), outcome: "completed" },
    history: { count: 8, every: days(5.5) }
  },
  {
    agent: {
      id: 4401,
      name: "Weather stations",
      spaceId: null,
      description: "A personal experiment.",
      startUrl: "https://weather.example/stations"
    },
    profile: { dataset: "weather", plannedMs: minutes(2), rows: 50, rowsPerPage: 25 },
    history: { count: 3, every: days(11) }
  },
  {
    agent: {
      id: 4402,
      name: "My listing test",
      spaceId: null,
      description: null,
      startUrl: "https://homes.example/test",
      userId: 71
    },
    profile: {
      dataset: "properties",
      plannedMs: minutes(4),
      rows: 60,
      rowsPerPage: 20,
      outcome: "failure",
      failure: "selector"
    },
    history: { count: 2, every: days(9) }
  },
  ...feeds
]

/** The schedules of a new account. The one that runs once is due in two days. */
const schedules = (now: number): ReadonlyArray<SeededSchedule> => [
  { agentId: 4102, name: "Every morning", kind: 3, cron: "0 6 * * *", timezone: "Europe/London" },
  { agentId: 4202, name: "Every six hours", kind: 2, runEveryCount: 6, runEveryPeriod: 2 },
  { agentId: 4203, name: "Weekday mornings", kind: 3, cron: "30 7 * * 1-5", timezone: "America/New_York" },
  { agentId: 4205, name: "Weekly rates", kind: 3, cron: "0 3 * * 1" },
  { agentId: 4103, name: "Every other day", kind: 3, cron: "15 5 */2 * *", isEnabled: false },
  {
    agentId: 4101,
    name: "Before the catalogue review",
    kind: 1,
    startTime: now + days(2),
    inputParameters: '{"category":"Fiction"}',
    options: { ...defaultOptions, inputs: { category: "Fiction" } }
  },
  ...feedSchedules
]

const historySpan = days(46)

const defaultProfile: Profile = {
  dataset: null,
  plannedMs: minutes(1),
  rows: 0,
  rowsPerPage: 1,
  outcome: "success",
  failure: "timeout",
  output: "tables",
  columns: null,
  detailShare: 0.4,
  updatesDataSet: false
}

const makeAgent = ({ agent, profile, versions = [null] }: Seeded, now: number): Agent => {
  const created = now - historySpan - days(30 + (agent.id % 7) * 11)
  const made = versions.map((comments, index) => ({
    version: index + 1,
    userName: index % 2 === 0 ? "Dana Whitfield" : "Ilya Marsh",
    created: created + index * days(9),
    comments,
    fileSize: 48_200 + agent.id + index * 731
  }))
  return {
    description: null,
    documentation: "",
    inputParameters: null,
    configType: ConfigType.agent,
    proxyPoolId: null,
    startUrl: null,
    userId: 58,
    validationStatus: 3,
    archived: false,
    created,
    extra: {},
    updated: made.at(-1)?.created ?? created,
    lastSequence: 0,
    ...agent,
    profile: { ...defaultProfile, ...profile },
    versions: made
  }
}

const runHistory = (world: World, { agent: { id }, history, stopped }: Seeded, now: number): void => {
  const agent = world.agents.get(id)
  if (agent === undefined || history === undefined) return
  const dice = random(`history/${id}`)
  for (let index = history.count; index > 0; index--) {
    const time = now - history.every * (index - 0.5) - minutes(dice.int(20, 90))
    // An archived agent does not run: its scheduled runs were skipped.
    if (time > now - historySpan) {
      scheduleAt(world, time, () => {
        if (agent.archived) skip(world, agent, "The agent is archived.", "schedule")
        else {
          const run = start(world, agent, defaultOptions, index % 3 === 0 ? "schedule" : null)
          if (index === stopped) scheduleAt(world, time + minutes(4), () => stop(world, run))
        }
      })
    }
  }
}

/**
 * Creates an account: four spaces of agents and an empty one, two personal agents, and 45 days of history before `now`,
 * which it simulates. Everything except the dates is the same for all accounts.
 */
export const seed = ({
  agents = 0,
  fields = "production",
  now,
  speed,
  spent
}: {
  readonly now: number
  readonly speed: number
  /** Whether the account has no credits at `now`. */
  readonly spent: boolean
  readonly fields?: FieldSet
  /** Number of agents in addition to the usual ones. */
  readonly agents?: number
}): World => {
  const from = now - historySpan
  const all = [...seeded, ...fleet(agents)]
  const world: World = {
    speed: 1,
    fields,
    organizationId: 77,
    organizationName: "Example Data Ltd",
    spaces: [...spaces, ...fleetSpaces(agents)].map((space, index) => ({
      ...space,
      created: index === 3 ? null : from - days(120 - index * 21)
    })),
    agents: new Map(all.map((item) => [item.agent.id, makeAgent(item, now)])),
    runs: new Map(),
    runsByAgent: new Map(),
    active: new Set(),
    schedules: new Map(),
    sessions: new Map(),
    usage: [],
    grants: [],
    transactions: [],
    events: [],
    now: from,
    lastRunId: 1_204_300,
    lastScheduleId: 9000,
    lastSession: 0
  }
  grant(world, "Initial", fromCredits(30), "Welcome credits", now - days(31))
  const until = spent ? now - hours(5) : now + days(334)
  scheduleAt(world, now - days(33), () => grant(world, "Credit", fromCredits(250), "Invoice 2207", until))
  scheduleAt(world, now - days(12.3), () =>
    grant(world, "Refund", fromCredits(0.35), "Worker outage", spent ? until : null)
  )
  scheduleAt(world, now - days(15), () => grant(world, "Credit", fromCredits(300), "Invoice 2231", until))
  if (agents > 0) {
    scheduleAt(world, from, () => grant(world, "Credit", fromCredits(20 * agents), "Invoice 2198", until))
  }
  for (const item of all) runHistory(world, item, now)
  const crawl = world.agents.get(crawlAgent)
  if (crawl !== undefined) {
    scheduleAt(world, now - minutes(82), () => void start(world, crawl, defaultOptions))
    // It waits for the one above.
    scheduleAt(world, now - minutes(26), () => void start(world, crawl, { ...defaultOptions, isExclusive: true }))
  }
  advance(world, now - hours(0.25))

  // From here on the requested speed applies, also to the run in progress at `now`.
  world.speed = speed
  const runInProgress = world.agents.get(4201)
  if (runInProgress !== undefined) {
    scheduleAt(
      world,
      Math.max(world.now, now - minutes(4) / speed),
      () => void start(world, runInProgress, defaultOptions)
    )
  }
  advance(world, now)
  for (const item of schedules(now)) {
    world.lastScheduleId += 1
    const schedule: Schedule = {
      id: world.lastScheduleId,
      cron: null,
      localSchedule: null,
      timezone: "UTC",
      startTime: null,
      runEveryCount: null,
      runEveryPeriod: null,
      inputParameters: null,
      options: defaultOptions,
      serverGroupId: null,
      created: now - days(20),
      updated: now - days(20),
      isEnabled: true,
      nextRunAt: null,
      lastRunId: null,
      ...item
    }
    world.schedules.set(schedule.id, schedule)
    arm(world, schedule)
  }
  return world
}
