import type { Seeded, SeededSchedule } from "./seeded.ts"
import { days, hours, minutes } from "./state.ts"

const spaceId = 105

/** One run of this agent takes hours. */
export const crawlAgent = 4512

/** The agents of the space Data Feeds: outputs of many formats, and failures of several causes. */
export const feeds: ReadonlyArray<Seeded> = [
  {
    agent: {
      id: 4501,
      name: "File format samples",
      spaceId,
      description: "One small file of each format that partners send, also broken ones.",
      startUrl: "https://partners.example/samples"
    },
    profile: { dataset: "companies", plannedMs: minutes(1), rows: 32, rowsPerPage: 32, output: "samples" },
    history: { count: 2, every: days(6) }
  },
  {
    agent: {
      id: 4502,
      name: "Marketplace products",
      spaceId,
      description: "Products with their pictures and offers, as JSON lines.",
      inputParameters: { brand: "All", maxPages: "3" },
      startUrl: "https://market.example/products"
    },
    profile: { dataset: "laptops", plannedMs: minutes(3), rows: 60, rowsPerPage: 20, output: "jsonLines" },
    history: { count: 8, every: days(2.2) }
  },
  {
    agent: {
      id: 4503,
      name: "Wholesale price list",
      spaceId,
      description: "Prices of a wholesaler in Hamburg, with decimal commas; also compressed.",
      startUrl: "https://wholesale.example/preise"
    },
    profile: { dataset: "groceries", plannedMs: minutes(2), rows: 80, rowsPerPage: 40, output: "semicolons" },
    history: { count: 7, every: days(1.3) }
  },
  {
    agent: {
      id: 4504,
      name: "Product index",
      spaceId,
      description: "All products of the catalogue in one table of 100,000 rows.",
      startUrl: "https://catalogue.example/index"
    },
    profile: {
      dataset: "companies",
      plannedMs: minutes(8),
      rows: 100_000,
      rowsPerPage: 2000,
      output: "index",
      detailShare: 0
    },
    history: { count: 2, every: days(7) }
  },
  {
    agent: {
      id: 4505,
      name: "Shoe auction lots",
      spaceId,
      description: "Open lots, with the ids of the auction house.",
      inputParameters: {},
      startUrl: "https://auctions.example/lots"
    },
    profile: { dataset: "sneakers", plannedMs: minutes(2), rows: 45, rowsPerPage: 15, output: "lots" },
    history: { count: 5, every: days(3.1) }
  },
  {
    agent: {
      id: 4506,
      name: "Refurbished computers",
      spaceId,
      description: "Used computers with their prices. The layout of the site changes often.",
      inputParameters: { brand: "All" },
      startUrl: "https://refurbished.example/computers"
    },
    profile: {
      dataset: "laptops",
      plannedMs: minutes(3),
      rows: 50,
      rowsPerPage: 25,
      outcome: "flaky",
      failure: "selector"
    },
    history: { count: 14, every: days(1) }
  },
  {
    agent: {
      id: 4507,
      name: "Press releases",
      spaceId,
      description: "Announcements of listed companies. The site is slow at night.",
      startUrl: "https://press.example/releases"
    },
    profile: {
      dataset: "headlines",
      plannedMs: minutes(2),
      rows: 66,
      rowsPerPage: 11,
      outcome: "flaky",
      failure: "timeout"
    },
    history: { count: 20, every: days(0.8) }
  },
  {
    agent: {
      id: 4508,
      name: "Public service vacancies",
      spaceId,
      description: "Open positions in ministries and cities.",
      inputParameters: { location: "All" },
      startUrl: "https://service.example/vacancies"
    },
    profile: { dataset: "jobs", plannedMs: minutes(4), rows: 60, rowsPerPage: 20, outcome: "flaky", failure: "script" },
    history: { count: 9, every: days(1.6) }
  },
  {
    agent: {
      id: 4509,
      name: "Café menus – Zürich",
      spaceId,
      description: "Lunch menus of the day. Some cafés publish pictures instead of text.",
      startUrl: "https://menus.example/zuerich"
    },
    profile: { dataset: "menus", plannedMs: minutes(2), rows: 40, rowsPerPage: 10, outcome: "errors" },
    history: { count: 11, every: days(1.4) }
  },
  {
    agent: {
      id: 4510,
      name: "Guest houses",
      spaceId,
      description: "Nightly rates of small guest houses.",
      startUrl: "https://stay.example/guest-houses",
      proxyPoolId: 12
    },
    profile: {
      dataset: "hotels",
      plannedMs: minutes(3),
      rows: 40,
      rowsPerPage: 20,
      outcome: "flaky",
      failure: "proxy"
    },
    history: { count: 8, every: days(1.9) }
  },
  {
    agent: {
      id: 4511,
      name: "Rental cars",
      spaceId,
      description: "Day rates at nine airports. Fails since the proxies are refused.",
      inputParameters: { airport: "All" },
      startUrl: "https://cars.example/rates",
      proxyPoolId: 12
    },
    profile: {
      dataset: "hotels",
      plannedMs: minutes(3),
      rows: 40,
      rowsPerPage: 20,
      outcome: "failure",
      failure: "proxy"
    },
    history: { count: 6, every: days(1.2) }
  },
  {
    agent: {
      id: crawlAgent,
      name: "Full site crawl",
      spaceId,
      description: "Reads every page of the archive. A run takes about five hours.",
      startUrl: "https://archive.example/"
    },
    profile: { dataset: "companies", plannedMs: hours(5), rows: 900, rowsPerPage: 30 },
    history: { count: 2, every: days(14) }
  }
]

export const feedSchedules: ReadonlyArray<SeededSchedule> = [
  { agentId: 4506, name: "Nightly computers", kind: 3, cron: "0 2 * * *", timezone: "Europe/Paris" },
  { agentId: 4503, name: "Nightly price list", kind: 3, cron: "30 1 * * *" },
  { agentId: 4507, name: "Four times a day", kind: 3, cron: "0 */6 * * *" },
  {
    agentId: 4509,
    name: "Nightly menus",
    kind: 3,
    cron: "15 23 * * *",
    timezone: "Europe/Zurich",
    isEnabled: false
  },
  { agentId: 4504, name: "Sunday index", kind: 3, cron: "0 4 * * 0" }
]
