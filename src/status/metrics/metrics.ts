/**
 * What happened and how things stand, as Prometheus reads it. Counters and times come from whoever does the work, as it
 * is done; everything else is set from samples when somebody asks. Labels are closed sets, and names of routes and orgs.
 */
import { Gauge, Registry } from 'prom-client';
import { Counters, OrgMeter } from './meter.ts';
import { describeProcess } from './process.ts';
import { type OrgLabels, ROUTE_STATES, type RouteStateWord } from './words.ts';

/** How one org stands now. Ages in ms. */
export interface OrgSample {
  /** Its name, where there are several. */
  readonly org?: string;
  readonly isHealthy: boolean;
  /** Undefined, as all that follows: not known. */
  readonly isWritable?: boolean;
  readonly pollAgeMs?: number;
  readonly limits: { readonly pollAgeMs: number; readonly queueAgeMs: number };
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

export class Metrics {
  readonly #registry = new Registry();
  readonly #counters: Counters;
  readonly #gauges: Gauges;
  readonly #meters = new Map<string | undefined, OrgMeter>();

  constructor(version: string) {
    this.#counters = new Counters(this.#registry);
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

  /** What counts for one org; name it where there are several. One that comes again goes on where it was. */
  meter(org?: string): OrgMeter {
    const known = this.#meters.get(org);
    if (known !== undefined) return known;
    const meter = new OrgMeter(this.#counters, org === undefined ? {} : { org });
    this.#meters.set(org, meter);
    return meter;
  }

  /** Everything, with gauges as `samples` say. */
  async text(samples: readonly OrgSample[]): Promise<string> {
    for (const one of Object.values(this.#gauges)) one.reset();
    for (const sample of samples) this.#set(sample);
    this.#counters.flush();
    return `${await this.#registry.metrics()}\n${this.#counters.text()}`;
  }

  #set({ org, routes = [], ...sample }: OrgSample): void {
    const labels = org === undefined ? {} : { org };
    const { isWritable, pollAgeMs, limits, rateLimit, diskUsedRatio } = sample;
    const g = this.#gauges;
    g.pollLagLimit.set(labels, limits.pollAgeMs / 1_000);
    g.oldestLimit.set(labels, limits.queueAgeMs / 1_000);
    g.healthy.set(labels, sample.isHealthy ? 1 : 0);
    if (isWritable !== undefined) g.writable.set(labels, isWritable ? 1 : 0);
    if (pollAgeMs !== undefined) g.pollLag.set(labels, pollAgeMs / 1_000);
    if (rateLimit !== undefined) {
      g.rateLimit.set(labels, rateLimit.limit);
      g.rateRemaining.set(labels, rateLimit.remaining);
    }
    if (diskUsedRatio !== undefined) g.diskUsed.set(labels, diskUsedRatio);
    for (const route of oneOfEachName(routes)) this.#setRoute(labels, route);
  }

  #setRoute(org: OrgLabels, { name, state, queued, oldestMs = 0, dead }: RouteSample): void {
    const labels = { ...org, route: name };
    const g = this.#gauges;
    g.dead.set(labels, dead);
    if (state === undefined) return;
    g.depth.set(labels, queued);
    g.oldest.set(labels, oldestMs / 1_000);
    for (const word of ROUTE_STATES) {
      g.state.set({ ...labels, state: word }, word === state ? 1 : 0);
    }
    this.#counters.begin(labels);
  }
}

/**
 * One that was removed may have left its queue under a name that another has now: it is added to that one's, which goes
 * on as it is, and is as old as its own.
 */
function oneOfEachName(routes: readonly RouteSample[]): Iterable<RouteSample> {
  const byName = new Map<string, RouteSample>();
  for (const route of routes) {
    const known = byName.get(route.name);
    const [kept, left] = known?.state === 'removed' ? [route, known] : [known ?? route, route];
    byName.set(route.name, known === undefined ? route : joined(kept, left));
  }
  return byName.values();
}

function joined(kept: RouteSample, left: RouteSample): RouteSample {
  return { ...kept, queued: kept.queued + left.queued, dead: kept.dead + left.dead };
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
    pollLagLimit: of(
      'loghook_poll_lag_limit_seconds',
      'How long ago that may be before /healthz is red: as the interval or LOGHOOK_HEALTH_POLL_AGE says.',
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
    oldestLimit: of(
      'loghook_queue_oldest_limit_seconds',
      'How long that may be before /healthz is red: as LOGHOOK_HEALTH_QUEUE_AGE says.',
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
