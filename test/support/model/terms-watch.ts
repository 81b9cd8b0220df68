/**
 * What a route's terms promise, watched: order, rate, concurrency, age, signature; and that a paused route is left alone.
 * A route has a row in the state for each kind of file that it stood in, its homes; each has a queue of its own.
 */
import type { Clock } from '../../../src/clock.ts';
import type { ReceivedRequest } from '../../../src/practice/receiver.ts';
import { verifies } from '../verifies.ts';
import type { Pair } from './pairs.ts';
import { homeOf, type Paper, type PaperRoute, type Terms } from './paper.ts';

/** The daemon looks once a minute in the model what people asked for. */
const LOOKS_EVERY_MS = 60_000;
/** What is lost in sums of fractions of a ms. */
const EPSILON_MS = 0.001;

/** One home of a route. */
interface Home {
  pausedAt: number | undefined;
  /** When the daemon had looked; what starts at the same instant may have been first. */
  pauseSeenAt: number;
  rate: Terms['rate'];
  starts: number[];
}

export class TermsWatch {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #pairs: ReadonlyMap<string, Pair>;
  readonly #violated: (what: string) => void;
  readonly #homes = new Map<string, Home>();
  /** Rows that were taken over by another home, until they are there again. */
  readonly #taken = new Map<string, string>();
  #paper: Paper = { kind: 'csv', routes: [] };

  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    pairs: ReadonlyMap<string, Pair>,
    violated: (what: string) => void,
  ) {
    this.#clock = clock;
    this.#pairs = pairs;
    this.#violated = violated;
  }

  /** `paper` is in force from now on, and the daemon has looked at what people asked for. */
  adopted(paper: Paper): void {
    this.#paper = paper;
    for (const { path, terms } of paper.routes) {
      const home = homeOf(paper.kind, path);
      if (paper.kind === 'yaml') this.#takeOver(homeOf('csv', path), home);
      const known = this.#homes.get(home) ?? newHome();
      this.#homes.set(home, known);
      this.#taken.delete(home);
      const rate = paper.kind === 'yaml' ? terms.rate : undefined;
      if (rate?.text !== known.rate?.text) known.starts = known.starts.slice(-1);
      known.rate = rate;
    }
    this.tidied();
  }

  /** The daemon has seen what other processes changed. */
  tidied(): void {
    const inForce = new Set(this.#paper.routes.map(({ path }) => homeOf(this.#paper.kind, path)));
    for (const pair of this.#pairs.values()) {
      if (!pair.isNews || !inForce.has(pair.home)) continue;
      pair.isNews = false;
      pair.passes = 1;
    }
    const now = this.#clock.monotonic();
    for (const home of this.#homes.values()) home.pauseSeenAt = Math.min(home.pauseSeenAt, now);
  }

  /** The daemon is gone: nothing is out, and it has forgotten when it sent what. */
  ended(): void {
    for (const pair of this.#pairs.values()) {
      pair.flight = undefined;
      if (pair.passes === 0 && pair.isReplay) pair.passes = 1;
    }
    for (const home of this.#homes.values()) home.starts = [];
  }

  /** Whoever slept until something is awake, the receivers too. */
  jumped(): void {
    const now = this.#clock.monotonic();
    for (const { flight } of this.#pairs.values()) {
      if (flight !== undefined) flight.answerAt = Math.min(flight.answerAt, now);
    }
  }

  paused(home: string): void {
    const known = this.#homes.get(home);
    if (known === undefined || known.pausedAt !== undefined) return;
    known.pausedAt = this.#clock.monotonic();
    known.pauseSeenAt = known.pausedAt + LOOKS_EVERY_MS;
  }

  resumed(home: string): void {
    const known = this.#homes.get(home);
    if (known !== undefined) known.pausedAt = undefined;
  }

  isPaused(home: string): boolean {
    return this.#homes.get(home)?.pausedAt !== undefined;
  }

  has(home: string): boolean {
    return this.#homes.has(home);
  }

  /** Where what was committed under a home is owed by now. */
  heir(home: string): string {
    return this.#taken.get(home) ?? home;
  }

  /** A person had all that was owed under one home owed under the other. */
  moved(from: string, to: string): number {
    let count = 0;
    for (const pair of this.#pairs.values()) {
      if (pair.home !== from || pair.recorded === 'delivered') continue;
      if (pair.recorded === 'dropped') continue;
      pair.home = to;
      pair.left.add(from);
      pair.left.delete(to);
      pair.isNews = true;
      count += 1;
    }
    return count;
  }

  /** To be told before the request is counted among what is out. */
  received(request: ReceivedRequest, pair: Pair, about: string): void {
    const route = this.#paper.routes.find(({ path }) => path === pair.path);
    const name = String(request.headers['loghook-route']);
    const kind = name.includes('#') ? 'csv' : 'yaml';
    const sender = homeOf(kind, pair.path);
    if (sender !== pair.home) this.#violated(`received ${about} from ${sender}, not ${pair.home}`);
    if (route === undefined || kind !== this.#paper.kind) return;
    this.#checkSignature(request, route, about);
    this.#checkPause(sender, about);
    const terms: Partial<Terms> = kind === 'yaml' ? route.terms : {};
    // A kept connection that breaks before any answer is replaced, and what was on it sent once more: one start.
    if (pair.flight?.attempt !== request.attempt) this.#checkRate(sender, about);
    this.#checkAge(terms, pair, about);
    this.#checkConcurrency(terms, pair, about);
    this.#checkOrder(terms, pair, about);
  }

  expired(pair: Pair): void {
    const route = this.#paper.routes.find(({ path }) => path === pair.path);
    const maxAgeMs = route?.terms.maxAge?.ms;
    const isOld = maxAgeMs !== undefined && this.#ageOf(pair) > maxAgeMs;
    if (pair.isReplay || (route !== undefined && !isOld)) {
      this.#violated(`${pair.id} on ${pair.path} expired at ${this.#ageOf(pair)} ms`);
    }
  }

  #checkSignature(request: ReceivedRequest, { terms }: PaperRoute, about: string): void {
    const isSigned = request.headers['webhook-signature'] !== undefined;
    if (this.#paper.kind === 'csv') {
      if (isSigned) this.#violated(`received ${about} signed, without a secret`);
      return;
    }
    for (const secret of terms.secrets) {
      if (!verifies(request, secret, this.#clock.now())) {
        this.#violated(`received ${about}, which does not verify`);
      }
    }
  }

  #checkPause(home: string, about: string): void {
    const { pausedAt, pauseSeenAt } = this.#homes.get(home) ?? newHome();
    if (pausedAt === undefined || this.#clock.monotonic() <= pauseSeenAt) return;
    const sinceMs = this.#clock.monotonic() - pausedAt;
    this.#violated(`received ${about} ${sinceMs} ms after the route was paused`);
  }

  #checkRate(sender: string, about: string): void {
    const home = this.#homes.get(sender);
    if (home === undefined) return;
    const { starts, rate } = home;
    const now = this.#clock.monotonic();
    starts.push(now);
    const first = rate && starts.at(-1 - rate.count);
    if (rate === undefined || first === undefined) return;
    if (now - first < rate.perMs - EPSILON_MS) {
      this.#violated(`received ${about}: ${rate.count + 1} in ${now - first} ms, not ${rate.text}`);
    }
  }

  #checkAge({ maxAge }: Partial<Terms>, pair: Pair, about: string): void {
    if (maxAge === undefined || pair.isReplay || this.#ageOf(pair) <= maxAge.ms) return;
    this.#violated(`received ${about} at ${this.#ageOf(pair)} ms, not within ${maxAge.text}`);
  }

  #checkConcurrency({ concurrency }: Partial<Terms>, { home }: Pair, about: string): void {
    if (concurrency === undefined) return;
    const now = this.#clock.monotonic();
    const out = [...this.#pairs.values()].filter(
      ({ home: other, flight }) => other === home && flight !== undefined && flight.answerAt > now,
    );
    if (out.length >= concurrency) {
      this.#violated(`received ${about} while ${out.length} of ${concurrency} were out`);
    }
  }

  #checkOrder({ order }: Partial<Terms>, pair: Pair, about: string): void {
    if (order === undefined) return;
    const laneOf = ({ event }: Pair) => (order === 'strict' ? 'all' : event.whom);
    const lane = laneOf(pair);
    if (lane === undefined) return;
    for (const other of this.#pairs.values()) {
      if (other.home !== pair.home || other === pair || laneOf(other) !== lane) continue;
      if (other.flight !== undefined) {
        this.#violated(`received ${about} while ${other.id} of the lane ${lane} was out`);
      } else if (other.recorded === undefined && other.seq < pair.seq) {
        this.#overtaken(other, about);
      }
    }
  }

  #overtaken(other: Pair, about: string): void {
    if (other.isNews) return;
    if (other.passes === 0) this.#violated(`received ${about} before ${other.id} of its lane`);
    else other.passes -= 1;
  }

  #ageOf({ event }: Pair): number {
    return this.#clock.now() - event.publishedAt;
  }

  /** A route that moves to loghook.yaml takes its row along, unless it has one there. */
  #takeOver(from: string, to: string): void {
    const home = this.#homes.get(from);
    if (home === undefined || this.#homes.has(to)) return;
    this.#homes.delete(from);
    this.#taken.set(from, to);
    this.#homes.set(to, { ...home, starts: [] });
    for (const pair of this.#pairs.values()) {
      if (pair.home === from) pair.home = to;
      if (pair.left.delete(from)) pair.left.add(to);
    }
  }
}

function newHome(): Home {
  return { pausedAt: undefined, pauseSeenAt: 0, rate: undefined, starts: [] };
}
