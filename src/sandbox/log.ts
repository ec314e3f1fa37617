import type { Agent, FailureKind, Run } from "./state.ts"
import { iso, Status } from "./state.ts"

const levels = ["Fatal", "Error", "Warning", "Info"] as const
type Level = (typeof levels)[number]

/** When, as a share of the run's time; the level; and the text, which can have several lines. */
type Entry = readonly [share: number, level: Level, text: string]

/** The lines below the message of a failure. */
const traces: Readonly<Record<FailureKind, ReadonlyArray<string>>> = {
  login: [
    "   at Sequentum.Agent.Commands.NavigateCommand.CheckLandingPage(Page page) in /src/Agent/Commands/NavigateCommand.cs:line 214",
    "   at Sequentum.Agent.Runner.ExecuteAsync(Command command) in /src/Agent/Runner.cs:line 92"
  ],
  captcha: [
    "   at Sequentum.Agent.Commands.NavigateCommand.LoadAsync(Uri uri) in /src/Agent/Commands/NavigateCommand.cs:line 131",
    "   at Sequentum.Agent.Runner.ExecuteAsync(Command command) in /src/Agent/Runner.cs:line 92"
  ],
  selector: [
    "   at Sequentum.Agent.Selection.WaitForElement(String path, TimeSpan limit) in /src/Agent/Selection.cs:line 67",
    "   at Sequentum.Agent.Commands.ListCommand.ExecuteAsync(Context context) in /src/Agent/Commands/ListCommand.cs:line 40"
  ],
  timeout: [
    "System.TimeoutException: The operation has timed out.",
    "   at Sequentum.Browser.Page.GotoAsync(Uri uri, TimeSpan limit) in /src/Browser/Page.cs:line 88"
  ],
  proxy: [
    "System.Net.Http.HttpRequestException: The proxy tunnel request failed with status code 407.",
    "   at Sequentum.Proxies.Pool.TakeAsync(Int32 attempts) in /src/Proxies/Pool.cs:line 153"
  ],
  script: [
    "System.FormatException: String '31.02.26' was not recognized as a valid DateTime.",
    "   at System.DateTime.ParseExact(String s, String format, IFormatProvider provider)",
    "   at Script.ParseDate.Run(ScriptContext context) in ParseDate.cs:line 12",
    " ---> the value came from element //td[@class='posted']"
  ]
}

const failedEntries = (run: Run, url: string): ReadonlyArray<Entry> => {
  const trace = run.plan.failure === null ? [] : traces[run.plan.failure]
  return [
    [0.6, "Warning", `Attempt 1 of 3 at ${url} was not successful. Trying again in 5 seconds.`],
    [0.8, "Warning", `Attempt 2 of 3 at ${url} was not successful. Trying again in 15 seconds.`],
    [0.95, "Error", [run.message ?? "The run failed.", ...trace].join("\n")],
    [1, "Fatal", "The run ended in failure."]
  ]
}

const emptyPages = ({ plan }: Run): ReadonlyArray<Entry> =>
  plan.only === null
    ? []
    : [
        [0.3, "Warning", `The ${plan.only.column} menu has only one entry now: ${plan.only.value}.`],
        ...Array.from({ length: 6 }, (_, page): Entry => [
          0.35 + page * 0.08,
          "Warning",
          `Page ${page + 4} holds 0 records where earlier runs found 15: element "//ul[@class='offers']" is missing. The page was skipped.`
        ])
      ]

/** The text log of an ended run. */
export const logText = (agent: Agent, run: Run): string => {
  const from = run.startedAt ?? run.created
  const until = run.endedAt ?? from
  const pages = run.frozen?.pageCount ?? 0
  const errors = run.frozen?.errorCount ?? 0
  const shown = Math.min(pages, 40)
  const url = agent.startUrl ?? "(no start URL)"
  const failed = run.status === Status.failure || run.status === Status.failed
  const entries: ReadonlyArray<Entry> = [
    [0, "Info", `Run ${run.id} of agent "${agent.name}" version ${run.configVersion} started on ${run.server}.`],
    ...Object.entries(run.options.inputs).map(([name, value]): Entry => [
      0,
      "Info",
      `Input parameter ${name} = ${JSON.stringify(value)}`
    ]),
    ...Array.from({ length: shown }, (_, page): Entry => [
      0.05 + (0.85 * page) / shown,
      "Info",
      `Page ${page + 1} loaded: ${url}`
    ]),
    ...emptyPages(run),
    ...Array.from({ length: failed ? 0 : errors }, (_, error): Entry => [
      0.9,
      "Error",
      `Page ${pages + error + 1} returned HTTP 500 and was left out.`
    ]),
    ...(run.status === Status.stopped ? [[1, "Warning", run.message ?? "The run was stopped."] satisfies Entry] : []),
    ...(failed
      ? failedEntries(run, url)
      : [
          [
            1,
            "Info",
            `The run ended: ${run.frozen?.dataCount ?? 0} records extracted, ${run.frozen?.exportCount ?? 0} exported.`
          ] satisfies Entry
        ])
  ]
  const text = [...entries]
    .filter(([, level]) => levels.indexOf(level) <= levels.indexOf(run.options.logLevel))
    .sort(([a], [b]) => a - b)
    .map(([share, level, text]) => `${iso(from + Math.round((until - from) * share))} [${level}] ${text}`)
    .join("\n")
  return `${text}\n`
}
