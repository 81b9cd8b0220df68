/** What is counted while the work is done, and never read by whoever does it. */
import { Counter, type Registry } from 'prom-client';
import { Histogram, type Series } from './histogram.ts';
import {
  ATTEMPT_OUTCOMES,
  type AttemptOutcome,
  type OrgLabels,
  PARTS,
  RESULTS,
  type Result,
} from './words.ts';

/** How long a delivered event took, ms; a part that is not known is absent. */
interface LagParts {
  readonly oktaMs?: number;
  readonly pollMs?: number;
  readonly queueMs: number;
  readonly sendMs: number;
}

/** Counts for one org, while it works. */
export class OrgMeter {
  readonly #counters: Counters;
  readonly #org: OrgLabels;
  readonly #routes = new Map<string, RouteSeries>();

  constructor(counters: Counters, org: OrgLabels) {
    this.#counters = counters;
    this.#org = org;
    for (const one of [counters.polled, counters.repeated, counters.unmatched]) one.inc(org, 0);
  }

  /** A page was kept: so many events, of which so many were known, and the routes that each of the others is owed to. */
  read(events: number, repeated: number, owed: readonly (readonly string[])[]): void {
    const { polled, repeated: known, unmatched } = this.#counters;
    polled.inc(this.#org, events);
    known.inc(this.#org, repeated);
    unmatched.inc(this.#org, Math.max(0, events - repeated - owed.length));
    for (const routes of owed) for (const route of routes) this.#of(route).matched.add();
  }

  judged(route: string, ms: number): void {
    this.#of(route).judging.add(ms / 1_000);
  }

  attempted(route: string, outcome: AttemptOutcome, ms: number): void {
    const series = this.#of(route);
    series.outcomes[outcome].add();
    series.seconds.add(ms / 1_000);
  }

  settled(route: string, result: Result): void {
    this.#of(route).results[result].add();
  }

  /** People dropped so many that were owed or dead. */
  dropped(route: string, count: number): void {
    this.#of(route).results.dropped.add(count);
  }

  lagged(route: string, { oktaMs, pollMs, queueMs, sendMs }: LagParts): void {
    const { okta, poll, queue, send } = this.#of(route).parts;
    if (oktaMs !== undefined) okta.add(oktaMs / 1_000);
    if (pollMs !== undefined) poll.add(pollMs / 1_000);
    queue.add(queueMs / 1_000);
    send.add(sendMs / 1_000);
  }

  /** Made once: at thousands of events a second even that would be felt. */
  #of(name: string): RouteSeries {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const series = this.#counters.seriesOf({ ...this.#org, route: name });
    this.#routes.set(name, series);
    return series;
  }
}

interface RouteSeries {
  readonly matched: Count;
  readonly outcomes: Readonly<Record<AttemptOutcome, Count>>;
  readonly results: Readonly<Record<Result, Count>>;
  readonly judging: Series;
  readonly seconds: Series;
  readonly parts: Readonly<Record<(typeof PARTS)[number], Series>>;
}

/** An alias, as OrgLabels. */
type RouteLabels = OrgLabels & { readonly route: string };

/** Those of all orgs. */
export class Counters {
  readonly polled: Counter;
  readonly repeated: Counter;
  readonly unmatched: Counter;
  readonly matched: Counter;
  readonly attempts: Counter;
  readonly deliveries: Counter;
  readonly #judging = new Histogram(
    'loghook_regex_seconds',
    "How long a route's patterns took to judge an event; each type is judged once and then remembered.",
    [0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1],
  );
  readonly #seconds = new Histogram(
    'loghook_delivery_seconds',
    'How long requests to receivers took, from the request on the wire to the status line.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
  );
  readonly #lag = new Histogram(
    'loghook_event_lag_seconds',
    'How long delivered events took from published to the 2xx, in four parts: until Okta had them to be read (okta), until they were read (poll), until the attempt that delivered them began (queue), and that attempt (send).',
    [0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 15, 60, 300, 1_800, 7_200],
  );
  readonly #counts: Count[] = [];
  readonly #begun = new Set<string>();

  constructor(registry: Registry) {
    const counter = (name: string, help: string, ...labels: string[]) =>
      new Counter({ name, help, labelNames: ['org', ...labels], registers: [registry] });
    this.polled = counter('loghook_events_polled_total', "Events read from Okta's System Log.");
    this.repeated = counter(
      'loghook_events_repeated_total',
      'Events read from Okta that had been read before, and so were not owed again.',
    );
    this.unmatched = counter('loghook_events_unmatched_total', 'Events that no route wanted.');
    this.matched = counter(
      'loghook_events_matched_total',
      'Events that a route wanted, by route.',
      'route',
    );
    this.attempts = counter(
      'loghook_delivery_attempts_total',
      'Requests to receivers that came to an end, by what they ended in.',
      'route',
      'outcome',
    );
    this.deliveries = counter(
      'loghook_deliveries_total',
      'Events that are done with on a route: delivered (a 2xx), dead (given up on), expired (too old to be sent), dropped (by a person, whether owed or dead until then).',
      'route',
      'result',
    );
  }

  /** What is counted of one route; ask once. */
  seriesOf(route: RouteLabels): RouteSeries {
    return {
      matched: this.#count(this.matched, route),
      outcomes: each(ATTEMPT_OUTCOMES, (outcome) =>
        this.#count(this.attempts, { ...route, outcome }),
      ),
      results: each(RESULTS, (result) => this.#count(this.deliveries, { ...route, result })),
      judging: this.#judging.series(route),
      seconds: this.#seconds.series(route),
      parts: each(PARTS, (part) => this.#lag.series({ ...route, part })),
    };
  }

  #count(counter: Counter, labels: Readonly<Record<string, string>>): Count {
    const count = new Count(counter, labels);
    this.#counts.push(count);
    return count;
  }

  /** Begins a route's counters at 0, so that a rise to 1 is a rise. */
  begin(labels: RouteLabels): void {
    const key = JSON.stringify(labels);
    if (this.#begun.has(key)) return;
    this.#begun.add(key);
    this.matched.inc(labels, 0);
    for (const outcome of ATTEMPT_OUTCOMES) this.attempts.inc({ ...labels, outcome }, 0);
    for (const result of RESULTS) this.deliveries.inc({ ...labels, result }, 0);
  }

  /** Puts what was counted since the last time into the registry. */
  flush(): void {
    for (const count of this.#counts) count.flush();
  }

  /** What stands in no registry. */
  text(): string {
    return [this.#judging, this.#seconds, this.#lag].map((one) => one.text()).join('\n');
  }
}

/** Counts for itself until it is asked: prom-client looks the labels up anew each time. */
class Count {
  readonly #counter: Counter;
  readonly #labels: Readonly<Record<string, string>>;
  #n = 0;

  constructor(counter: Counter, labels: Readonly<Record<string, string>>) {
    this.#counter = counter;
    this.#labels = labels;
  }

  add(count = 1): void {
    this.#n += count;
  }

  flush(): void {
    if (this.#n > 0) this.#counter.inc(this.#labels, this.#n);
    this.#n = 0;
  }
}

function each<W extends string, T>(words: readonly W[], make: (word: W) => T): Record<W, T> {
  // Every word of W is among `words`.
  return Object.fromEntries(words.map((word) => [word, make(word)])) as Record<W, T>;
}
