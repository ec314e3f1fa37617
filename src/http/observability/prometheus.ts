import * as Metric from "effect/Metric"
import * as MetricKeyType from "effect/MetricKeyType"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

const escapeHelp = (value: string) => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapeLabel = (value: string) => escapeHelp(value).replaceAll('"', '\\"')

type Labels = ReadonlyArray<readonly [string, string]>

const sample = (name: string, labels: Labels, value: number | bigint) => {
  const inner = labels.map(([key, label]) => `${key}="${escapeLabel(label)}"`).join(",")
  return `${name}${inner === "" ? "" : `{${inner}}`} ${value}`
}

const number = (value: number) => (value === Number.POSITIVE_INFINITY ? "+Inf" : String(value))

interface Family {
  readonly type: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly samples: Array<string>
}

/** Effect's own metrics, about fibers. They mean nothing to an operator. */
const isRuntimeMetric = (name: string) => name.startsWith("effect_")

/** The counters, gauges and histograms of this program in the Prometheus text format, version 0.0.4. */
export const prometheusText = (): string => {
  const families = new Map<string, Family>()
  const family = (name: string, type: Family["type"], help: string) => {
    const known = families.get(name)
    if (known !== undefined) return known
    const fresh: Family = { type, help, samples: [] }
    families.set(name, fresh)
    return fresh
  }
  for (const { metricKey, metricState } of Metric.unsafeSnapshot()) {
    if (isRuntimeMetric(metricKey.name)) continue
    const help = Option.getOrElse(metricKey.description, () => metricKey.name)
    const labels: Labels = metricKey.tags.map(({ key, value }) => [key, value])
    if (MetricKeyType.isCounterKey(metricKey.keyType) && MetricState.isCounterState(metricState)) {
      const name = `${metricKey.name}_total`
      family(name, "counter", help).samples.push(sample(name, labels, metricState.count))
    } else if (MetricKeyType.isGaugeKey(metricKey.keyType) && MetricState.isGaugeState(metricState)) {
      family(metricKey.name, "gauge", help).samples.push(sample(metricKey.name, labels, metricState.value))
    } else if (MetricState.isHistogramState(metricState)) {
      const { samples } = family(metricKey.name, "histogram", help)
      for (const [bound, count] of metricState.buckets) {
        samples.push(sample(`${metricKey.name}_bucket`, [...labels, ["le", number(bound)]], count))
      }
      samples.push(
        sample(`${metricKey.name}_sum`, labels, metricState.sum),
        sample(`${metricKey.name}_count`, labels, metricState.count)
      )
    }
  }
  return [...families]
    .sort(([left], [right]) => left.localeCompare(right))
    .map(
      ([name, { help, samples, type }]) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.join("\n")}\n`
    )
    .join("")
}
