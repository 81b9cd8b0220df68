/** What the admin server knows of one org, and what it can do there: joins a session's rooms to health and metrics. */
import type { Clock } from '../../clock.ts';
import type { Meter } from '../../daemon.ts';
import { OktaError, StateError } from '../../errors.ts';
import type { TroubleKind } from '../../okta/trouble/trouble.ts';
import { Beside, IN_A_DAEMON } from '../../state/beside/beside.ts';
import { Drops } from '../../state/beside/drops.ts';
import { type NamedRoute, namedRoutes } from '../../state/beside/named-routes.ts';
import { RouteDesk } from '../../state/beside/route-desk.ts';
import { type Stock, StockReader } from '../../state/beside/stock.ts';
import { diskUsedRatio } from '../../state/database/disk-use.ts';
import type { OrgFacts } from '../../status/health.ts';
import type { OrgMeter } from '../../status/metrics/meter.ts';
import type { OrgSample } from '../../status/metrics/metrics.ts';
import type { RouteStateWord } from '../../status/metrics/words.ts';
import { CHANGES } from '../ledger/pause.ts';
import { meterOf } from './meter.ts';

/** The usual limit of a poll's age, and what a longer interval may add to three of its own. */
const POLL_AGE_MS = 5 * 60_000;
const SLACK_MS = 60_000;

/** In words of ours alone: what Okta or a network says is for the log. */
const TROUBLE_WORDS: Readonly<Record<TroubleKind, string>> = {
  unreachable: 'okta cannot be reached',
  redirect: 'okta answers with a redirect, which is never followed',
  'rate-limit': 'the rate limit is used up, loghook waits for it',
  credentials: 'okta refuses the credentials',
  request: 'okta refuses the request',
  'link-refused': 'okta refuses the place in the log',
  'foreign-link': 'okta answers with a link that leads elsewhere, which is not followed',
  'not-events': 'okta answers with something else than events',
  'bad-page': 'okta sends a page that cannot be read',
  woken: 'the machine woke from sleep',
};

const ENDED = 'an error ended its session, which is opened again by itself; the log says more';

/** What a session has that is asked about. */
export interface Watched {
  /** Its name where there are several, else its host. */
  readonly org: string;
  readonly host: string;
  /** The org's own state folder. */
  readonly folder: string;
  /** The longest wait between two polls. */
  readonly intervalMs: number;
  readonly outbox: { readonly isWritable: boolean };
  readonly systemLog: {
    readonly rateLimit: { readonly limit: number; readonly remaining: number } | undefined;
  };
  readonly isTurning: () => boolean;
  /** Sees what was asked of routes. */
  readonly obey: () => Promise<void>;
}

interface Limits {
  /** Undefined: as the interval says. */
  readonly pollAgeMs?: number;
  readonly queueAgeMs: number;
}

/** Outlives the session: one that an error ended is opened again, and is missed until then. */
export class OrgWatch {
  /** As `Watched.org`. */
  readonly org: string;
  readonly meter: Meter;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #startedAt: number;
  readonly #drops: Drops;
  #watched: Watched | undefined;
  #stock: StockReader | undefined;
  /** The last that is known of it. */
  #intervalMs = 0;
  /** By the wall clock, which goes on while a machine sleeps, and by the other, which nobody sets. */
  #polledAt: { readonly wall: number; readonly monotonic: number } | undefined;
  #trouble: string | undefined;
  #failure: OrgFacts['failure'];

  constructor(
    org: string,
    {
      meter,
      limits,
      clock,
    }: { readonly meter: OrgMeter; readonly limits: Limits; readonly clock: Clock },
  ) {
    this.org = org;
    this.#limits = limits;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#drops = new Drops((route, count) => meter.dropped(route, count));
    this.meter = meterOf(meter, () => {
      this.#polledAt = { wall: clock.now(), monotonic: clock.monotonic() };
      this.#trouble = undefined;
    });
  }

  /** A session of the org begins. */
  join(watched: Watched): void {
    this.#watched = watched;
    this.#intervalMs = watched.intervalMs;
    this.#stock = new StockReader(watched.folder, this.#clock, this.#drops);
    this.#trouble = undefined;
    this.#failure = undefined;
    this.#beginStock();
  }

  /** It is over; to be called before its state is closed. */
  leave(): void {
    this.#stock?.close();
    this.#stock = undefined;
    this.#watched = undefined;
    this.#trouble = ENDED;
  }

  /** This ended its session, or kept it from opening. */
  failed(error: unknown): void {
    const why = kindOfFailure(error);
    this.#failure = why === undefined ? {} : { why };
    this.#trouble = why;
  }

  /** Why the log cannot be read. */
  trouble(kind: TroubleKind): void {
    this.#trouble = TROUBLE_WORDS[kind];
  }

  facts(): OrgFacts {
    const { pollAgeMs, queueAgeMs } = this.#mostAges();
    const now = this.#clock.now();
    const stock = this.#stockNow();
    const oldest = stock === undefined ? undefined : oldestOf(stock, now);
    return {
      org: this.org,
      upMs: Math.max(0, now - this.#startedAt),
      ...this.#pollAge(now),
      mostPollAgeMs: pollAgeMs,
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
      ...(oldest !== undefined && { oldest }),
      mostQueueAgeMs: queueAgeMs,
      isTurning: this.#watched?.isTurning() ?? true,
      isWritable: this.#watched?.outbox.isWritable ?? true,
      ...(this.#failure !== undefined && { failure: this.#failure }),
      isReadable: stock !== undefined || this.#watched === undefined,
    };
  }

  sample(): Omit<OrgSample, 'org' | 'isHealthy'> {
    const now = this.#clock.now();
    const limits = this.#mostAges();
    if (this.#watched === undefined) return { limits, ...this.#pollAge(now) };
    const { outbox, systemLog, folder } = this.#watched;
    const { rateLimit } = systemLog;
    const disk = diskUsedRatio(folder);
    const routes = this.#stockNow()?.map((stock) => ({
      name: stock.route.name,
      ...(!stock.unreadable && { state: stateWord(stock.route) }),
      queued: stock.queued,
      ...(stock.oldestReadAt !== undefined && { oldestMs: Math.max(0, now - stock.oldestReadAt) }),
      dead: stock.dead,
    }));
    return {
      limits,
      isWritable: outbox.isWritable,
      ...this.#pollAge(now),
      ...(rateLimit !== undefined && { rateLimit }),
      ...(disk !== undefined && { diskUsedRatio: disk }),
      ...(routes !== undefined && { routes }),
    };
  }

  /** As `loghook pause` and `loghook resume`, and the daemon keeps to it at once. Undefined: it has no such route. */
  async change(word: 'pause' | 'resume', name: string): Promise<string | undefined> {
    if (this.#watched === undefined) return undefined;
    const { folder, obey } = this.#watched;
    const beside = new Beside(folder, { readOnly: false, ...IN_A_DAEMON });
    let said: string;
    try {
      const route = namedRoutes(beside).find((one) => one.name === name);
      if (route === undefined) return undefined;
      said = CHANGES[word](new RouteDesk(beside), route, this.#clock.now());
    } finally {
      beside.close();
    }
    this.forget();
    await obey();
    return said;
  }

  /** As a person calls it: by its name, or by its host. */
  isCalled(written: string): boolean {
    return written === this.org || written.toLowerCase() === this.#watched?.host.toLowerCase();
  }

  hasRoute(name: string): boolean {
    const stock = this.#stockNow() ?? [];
    return stock.some(({ route, unreadable }) => !unreadable && route.name === name);
  }

  /** Something was changed: how things stand is looked up anew. */
  forget(): void {
    this.#stock?.forget();
  }

  #mostAges(): Required<Limits> {
    const { pollAgeMs, queueAgeMs } = this.#limits;
    const usual = Math.max(POLL_AGE_MS, 3 * this.#intervalMs + SLACK_MS);
    return { pollAgeMs: pollAgeMs ?? usual, queueAgeMs };
  }

  #pollAge(now: number): { readonly pollAgeMs?: number } {
    if (this.#polledAt === undefined) return {};
    const { wall, monotonic } = this.#polledAt;
    return { pollAgeMs: Math.max(now - wall, this.#clock.monotonic() - monotonic) };
  }

  #beginStock(): void {
    try {
      this.#stock?.begin();
    } catch {
      // As below: what people drop is told of from the first look that succeeds.
    }
  }

  /** Undefined when it cannot be known. */
  #stockNow(): readonly Stock[] | undefined {
    try {
      return this.#stock?.read();
    } catch {
      // Said by /healthz; the daemon, which reads the same file, says more in its log.
      return undefined;
    }
  }
}

function kindOfFailure(error: unknown): string | undefined {
  if (error instanceof OktaError) return TROUBLE_WORDS[error.kind];
  return error instanceof StateError ? 'its state cannot be opened or trusted' : undefined;
}

/** Of the routes that should send. */
function oldestOf(all: readonly Stock[], now: number): OrgFacts['oldest'] {
  let oldest: OrgFacts['oldest'];
  for (const { route, unreadable, oldestReadAt } of all) {
    if (unreadable || route.retired || route.pausedAt !== undefined) continue;
    if (oldestReadAt === undefined) continue;
    const ageMs = Math.max(0, now - oldestReadAt);
    if (oldest === undefined || ageMs > oldest.ageMs) {
      oldest = { route: route.name, state: stateWord(route), ageMs };
    }
  }
  return oldest;
}

function stateWord({ disabled, retired, pausedAt, state }: NamedRoute): RouteStateWord {
  if (disabled) return 'disabled';
  if (retired) return 'removed';
  return pausedAt === undefined ? state.kind : 'paused';
}
