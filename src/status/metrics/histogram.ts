/**
 * Histograms in Prometheus' text format. prom-client's own look their labels up anew for each value: at five values a
 * delivery that was felt. Here a series is looked up once, and a value costs some nanoseconds.
 */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series: Series[] = [];

  /** `bounds`: each the largest value that its bucket takes, in rising order. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** A new series; ask once for each set of labels. It is shown from its first value on. */
  series(labels: Readonly<Record<string, string>>): Series {
    const series = new Series(this.#bounds, labels);
    this.#series.push(series);
    return series;
  }

  text(): string {
    const head = `# HELP ${this.#name} ${this.#help}\n# TYPE ${this.#name} histogram\n`;
    return head + this.#series.map((series) => series.text(this.#name)).join('');
  }
}

export class Series {
  readonly #bounds: readonly number[];
  readonly #labels: string;
  /** Of values in each bucket alone; the last is for those above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[], labels: Readonly<Record<string, string>>) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
    this.#labels = Object.entries(labels)
      .map(([name, value]) => `${name}="${escaped(value)}"`)
      .join(',');
  }

  add(value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = at === -1 ? this.#bounds.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** Nothing before the first value. */
  text(name: string): string {
    const lines: string[] = [];
    let count = 0;
    for (const [at, inBucket] of this.#counts.entries()) {
      count += inBucket;
      const le = this.#bounds[at] ?? '+Inf';
      lines.push(`${name}_bucket{${this.#labels},le="${le}"} ${count}\n`);
    }
    if (count === 0) return '';
    lines.push(`${name}_sum{${this.#labels}} ${this.#sum}\n`);
    lines.push(`${name}_count{${this.#labels}} ${count}\n`);
    return lines.join('');
  }
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
