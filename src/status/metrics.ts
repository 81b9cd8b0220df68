/**
 * What happened and how things stand, as Prometheus reads it. Counters and times come from whoever does the work, as it
 * is done; everything else is set from samples when somebody asks. Labels are closed sets, and names of routes and orgs.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describeProcess } from './process-metrics.ts';

export const ATTEMPT_OUTCOMES = [
  'ok',
  'http_3xx',
  'http_4xx',
  'auth',
  'http_5xx',
  'throttled',
  'timeout',
  'dns',
  'connect',
  'tls',
  'blocked',
] as const;
export const RESULTS = ['delivered', 'dead', 'expired'] as const;
export const ROUTE_STATES = ['flowing', 'slowed', 'held', 'paused', 'disabled', 'removed'] as const;

export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];
export type Result = (typeof RESULTS)[number];
export type RouteStateWord = (typeof ROUTE_STATES)[number];

/** How long a delivered event took, ms; a part that is not known is absent. */
export interface LagParts {
  readonly oktaMs?: number;
  readonly pollMs?: number;
  readonly queueMs: number;
  readonly sendMs: number;
}

/** How one org stands now. Ages in ms. */
export interface OrgSample {
  /** Its name, where there are several. */
  readonly org?: string;
  readonly isHealthy: boolean;
  /** Undefined, as all that follows: not known. */
  readonly isWritable?: boolean;
  readonly pollAgeMs?: number;
  readonly rateLimit?: { readonly limit: number; readonly remaining: number };
  readonly diskUsedRatio?: number;
  /** Undefined: they could not be looked up. */
  readonly routes?: readonly RouteSample[];
}

export interface RouteSample {
  readonly name: string;
  /** Undefined: it is no route, but what could not be read. */
  readonly state?: RouteStateWord;
  readonly queued: number;
  readonly oldestMs?: number;
  readonly dead: number;
}

/** An alias, for only that may stand where prom-client wants any labels. */
type Labels = { readonly org?: string };

export class Metrics {
  readonly #registry = new Registry();
  readonly #counters: Counters;
  readonly #gauges: Gauges;

  constructor(version: string) {
    this.#counters = countersIn(this.#registry);
    this.#gauges = gaugesIn(this.#registry);
    const labels = { version, node: process.versions.node };
    gauge(this.#registry, 'loghook_build_info', 'Always 1; which loghook runs, on which Node.', [
      'version',
      'node',
    ]).set(labels, 1);
    describeProcess(this.#registry);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** What counts for one org; name it where there are several. */
  meter(org?: string): OrgMeter {
    return new OrgMeter(this.#counters, org === undefined ? {} : { org });
  }

  /** Everything, with gauges as `samples` say. */
  async text(samples: readonly OrgSample[]): Promise<string> {
    for (const one of Object.values(this.#gauges)) one.reset();
    for (const sample of samples) this.#set(sample);
    return await this.#registry.metrics();
  }

  #set({ org, routes = [], ...sample }: OrgSample): void {
    const labels = org === undefined ? {} : { org };
    const { isWritable, pollAgeMs, rateLimit, diskUsedRatio } = sample;
    const g = this.#gauges;
    g.healthy.set(labels, sample.isHealthy ? 1 : 0);
    if (isWritable !== undefined) g.writable.set(labels, isWritable ? 1 : 0);
    if (pollAgeMs !== undefined) g.pollLag.set(labels, pollAgeMs / 1_000);
    if (rateLimit !== undefined) {
      g.rateLimit.set(labels, rateLimit.limit);
      g.rateRemaining.set(labels, rateLimit.remaining);
    }
    if (diskUsedRatio !== undefined) g.diskUsed.set(labels, diskUsedRatio);
    for (const route of routes) this.#setRoute(labels, route);
  }

  #setRoute(org: Labels, { name, state, queued, oldestMs = 0, dead }: RouteSample): void {
    const labels = { ...org, route: name };
    const g = this.#gauges;
    g.dead.inc(labels, dead);
    if (state === undefined) return;
    // Added up: one that was removed may have left its queue under a name that another has now.
    g.depth.inc(labels, queued);
    g.oldest.inc(labels, oldestMs / 1_000);
    for (const word of ROUTE_STATES) {
      g.state.inc({ ...labels, state: word }, word === state ? 1 : 0);
    }
    this.#counters.begin(labels);
  }
}

/** Counts for one org, while it works. */
export class OrgMeter {
  readonly #counters: Counters;
  readonly #org: Labels;

  constructor(counters: Counters, org: Labels) {
    this.#counters = counters;
    this.#org = org;
    for (const one of [counters.polled, counters.repeated, counters.unmatched]) one.inc(org, 0);
  }

  /** A page was kept: so many events, of which so many were known, and the routes that each of the others is owed to. */
  read(events: number, repeated: number, owed: readonly (readonly string[])[]): void {
    const { polled, repeated: known, unmatched, matched } = this.#counters;
    polled.inc(this.#org, events);
    known.inc(this.#org, repeated);
    unmatched.inc(this.#org, Math.max(0, events - repeated - owed.length));
    for (const route of owed.flat()) matched.inc({ ...this.#org, route });
  }

  attempted(route: string, outcome: AttemptOutcome, ms: number): void {
    const labels = { ...this.#org, route };
    this.#counters.attempts.inc({ ...labels, outcome });
    this.#counters.seconds.observe(labels, ms / 1_000);
  }

  settled(route: string, result: Result): void {
    this.#counters.deliveries.inc({ ...this.#org, route, result });
  }

  lagged(route: string, { oktaMs, pollMs, queueMs, sendMs }: LagParts): void {
    const parts = { okta: oktaMs, poll: pollMs, queue: queueMs, send: sendMs };
    for (const [part, ms] of Object.entries(parts)) {
      if (ms !== undefined) this.#counters.lag.observe({ ...this.#org, route, part }, ms / 1_000);
    }
  }
}

interface Counters {
  readonly polled: Counter;
  readonly repeated: Counter;
  readonly unmatched: Counter;
  readonly matched: Counter;
  readonly attempts: Counter;
  readonly deliveries: Counter;
  readonly seconds: Histogram;
  readonly lag: Histogram;
  /** Begins a route's counters at 0, so that a rise to 1 is a rise. */
  begin(labels: Labels & { readonly route: string }): void;
}

function countersIn(registry: Registry): Counters {
  const counter = (name: string, help: string, ...labels: string[]) =>
    new Counter({ name, help, labelNames: ['org', ...labels], registers: [registry] });
  const histogram = (
    name: string,
    help: string,
    { labels, buckets }: { labels: string[]; buckets: number[] },
  ) =>
    new Histogram({ name, help, labelNames: ['org', ...labels], buckets, registers: [registry] });
  const matched = counter(
    'loghook_events_matched_total',
    'Events that a route wanted, by route.',
    'route',
  );
  const attempts = counter(
    'loghook_delivery_attempts_total',
    'Requests to receivers that came to an end, by what they ended in.',
    'route',
    'outcome',
  );
  const deliveries = counter(
    'loghook_deliveries_total',
    'Events that are done with on a route: delivered (a 2xx), dead (given up on), expired (too old to be sent).',
    'route',
    'result',
  );
  const begun = new Set<string>();
  return {
    polled: counter('loghook_events_polled_total', "Events read from Okta's System Log."),
    repeated: counter(
      'loghook_events_repeated_total',
      'Events read from Okta that had been read before, and so were not owed again.',
    ),
    unmatched: counter('loghook_events_unmatched_total', 'Events that no route wanted.'),
    matched,
    attempts,
    deliveries,
    seconds: histogram(
      'loghook_delivery_seconds',
      'How long requests to receivers took, from the request on the wire to the status line.',
      { labels: ['route'], buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15] },
    ),
    lag: histogram(
      'loghook_event_lag_seconds',
      'How long delivered events took from published to the 2xx, in four parts: until Okta had them to be read (okta), until they were read (poll), until the attempt that delivered them began (queue), and that attempt (send).',
      {
        labels: ['route', 'part'],
        buckets: [0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 15, 60, 300, 1_800, 7_200],
      },
    ),
    begin: (labels) => {
      const key = JSON.stringify(labels);
      if (begun.has(key)) return;
      begun.add(key);
      matched.inc(labels, 0);
      for (const outcome of ATTEMPT_OUTCOMES) attempts.inc({ ...labels, outcome }, 0);
      for (const result of RESULTS) deliveries.inc({ ...labels, result }, 0);
    },
  };
}

type Gauges = ReturnType<typeof gaugesIn>;

function gaugesIn(registry: Registry) {
  const of = (name: string, help: string, ...labels: string[]) =>
    gauge(registry, name, help, ['org', ...labels]);
  return {
    healthy: of('loghook_healthy', '1 when /healthz is not red for this org, else 0.'),
    writable: of(
      'loghook_state_writable',
      '1 when the state can be written, 0 while a full disk (or another process) refuses it.',
    ),
    pollLag: of(
      'loghook_poll_lag_seconds',
      'How long ago the System Log was last read and kept; absent until it was.',
    ),
    rateLimit: of(
      'loghook_okta_rate_limit',
      "Requests that Okta allows the whole org in a window, as Okta's last answer said.",
    ),
    rateRemaining: of(
      'loghook_okta_rate_limit_remaining',
      "Requests that were left of the window, as Okta's last answer said.",
    ),
    diskUsed: of('loghook_disk_used_ratio', 'How full the disk is that holds the state, 0 to 1.'),
    depth: of('loghook_queue_depth', 'Events that are owed to a route now.', 'route'),
    oldest: of(
      'loghook_queue_oldest_seconds',
      'How long the oldest event that is owed to a route has waited since it was read; 0 when none waits.',
      'route',
    ),
    dead: of(
      'loghook_dead_letters',
      'Events that were given up on and wait for a person, by route.',
      'route',
    ),
    state: of(
      'loghook_route_state',
      '1 for the state that a route is in, 0 for the others.',
      'route',
      'state',
    ),
  };
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[]): Gauge {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
