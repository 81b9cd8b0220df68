/**
 * The promises of loghook, as something that watches: told of what the org wrote, what was committed and recorded, what
 * people asked for and what the receivers saw. It knows nothing of how the daemon keeps them.
 */
import type { Clock } from '../../../src/clock.ts';
import type { LogEvent } from '../../../src/event.ts';
import type { ReceivedRequest } from '../../../src/practice/receiver.ts';
import type { Settlement } from '../../../src/state/outbox.ts';
import { newPair, type Pair, readWritten, type Written } from './pairs.ts';
import { homeOf, type Paper } from './paper.ts';
import { TermsWatch } from './terms-watch.ts';

/** Fewer failures never kill: after a replay the first one counts, since others got through before. */
const FEWEST_FAILURES = 5;

/** What the oracle must know of the clock that the daemon sees. */
type Now = Pick<Clock, 'now' | 'monotonic'>;

export class Oracle {
  readonly violations: string[] = [];
  readonly terms: TermsWatch;
  readonly #written = new Map<string, Written>();
  readonly #pairs = new Map<string, Pair>();
  readonly #clock: Now;
  #seq = 0;

  constructor(clock: Now) {
    this.#clock = clock;
    this.terms = new TermsWatch(clock, this.#pairs, (what) => this.violated(what));
  }

  wrote(raw: Buffer, persistedAt: number): void {
    const { id, ...written } = readWritten(raw, persistedAt);
    this.#written.set(id, written);
  }

  /** A page is safe. `paper` is in force. */
  committed(events: readonly LogEvent[], paper: Paper): void {
    for (const { id, raw } of events) {
      const written = this.#written.get(id);
      if (written === undefined) this.violated(`committed ${id}, which the org never wrote`);
      else if (!written.raw.equals(raw)) this.violated(`committed other bytes of ${id}`);
      else if (!written.committed) this.#owe(id, written, paper);
    }
  }

  received(request: ReceivedRequest): void {
    const { id = '', path, body, attempt } = request;
    const written = this.#written.get(id);
    const pair = this.#pairs.get(`${path} ${id}`);
    const about = `${id} on ${path} (attempt ${attempt})`;
    if (written === undefined || pair === undefined) {
      this.violated(`received ${about}, which was never owed`);
      return;
    }
    if (!written.raw.equals(body)) this.violated(`received other bytes of ${about}`);
    if (pair.recorded !== undefined) {
      this.violated(`received ${about} after it was recorded as ${pair.recorded}`);
    } else if (pair.accepted) {
      this.violated(`received ${about} again without a cause`);
    }
    if ((request.headers['loghook-replay'] === 'true') !== pair.isReplay) {
      this.violated(`received ${about} marked as the replay that it is not, or unmarked`);
    }
    this.terms.received(request, pair, about);
    pair.attempts += 1;
    pair.flight = { answerAt: this.#clock.monotonic(), attempt };
  }

  /** `sure`: the answer was a plain one that nothing could have kept from the sender. It came after `ms`. */
  answered(
    { id = '', path }: ReceivedRequest,
    status: number | undefined,
    { sure, ms }: { readonly sure: boolean; readonly ms: number },
  ): void {
    const pair = this.#pairs.get(`${path} ${id}`);
    if (pair === undefined) return;
    const accepted = status !== undefined && status >= 200 && status < 300;
    if (!accepted) pair.failures += 1;
    pair.accepted = accepted && sure;
    pair.everAccepted ||= accepted || !sure;
    if (pair.flight !== undefined) pair.flight.answerAt += ms;
  }

  recorded(id: string, path: string, settlement: Settlement): void {
    const pair = this.#pairs.get(`${path} ${id}`);
    if (pair === undefined) {
      this.violated(`recorded ${id} on ${path}, which was never owed`);
      return;
    }
    pair.flight = undefined;
    if (settlement.kind === 'postponed') return;
    if (pair.recorded !== undefined) this.violated(`${id} on ${path} was recorded twice`);
    pair.recorded = settlement.kind === 'expired' ? 'dead' : settlement.kind;
    pair.recordedAt = this.#clock.monotonic();
    if (settlement.kind === 'delivered' && !pair.everAccepted) {
      this.violated(`${id} on ${path} was recorded as delivered, and never accepted`);
    }
    const fewest = FEWEST_FAILURES - (pair.isReplay ? 1 : 0);
    if (settlement.kind === 'dead' && pair.failures < fewest) {
      this.violated(`${id} on ${path} died after ${pair.failures} failures`);
    }
    if (settlement.kind === 'expired') this.terms.expired(pair);
  }

  /** It was taken and given back: no outcome will come. */
  released(id: string, path: string): void {
    const pair = this.#pairs.get(`${path} ${id}`);
    if (pair !== undefined) pair.flight = undefined;
  }

  /** A person asked for it again, and it is owed again. */
  replayed(pair: Pair): void {
    pair.recorded = undefined;
    pair.accepted = false;
    pair.everAccepted = false;
    pair.failures = 0;
    pair.owedAt = this.#clock.monotonic();
    pair.isReplay = true;
    pair.isNews = true;
  }

  /** What was answered and not recorded may come again. */
  crashed(): void {
    for (const pair of this.#pairs.values()) pair.accepted = false;
    this.terms.ended();
  }

  /** Of a route, in log order. */
  pairsOf(path: string): Pair[] {
    return [...this.#pairs.values()].filter((pair) => pair.path === path);
  }

  /** What the org has written, and lets be read at `orgNow`. */
  persisted(orgNow: number): (Written & { readonly id: string })[] {
    return [...this.#written]
      .filter(([, { persistedAt }]) => persistedAt <= orgNow)
      .map(([id, written]) => ({ id, ...written }));
  }

  pair(path: string, id: string): Pair | undefined {
    return this.#pairs.get(`${path} ${id}`);
  }

  /** Events that could be read by `now` (the org's) and never were; pairs that are neither delivered nor dead. */
  unfinished(orgNow: number): string[] {
    const unread = [...this.#written]
      .filter(([, { committed, persistedAt }]) => !committed && persistedAt <= orgNow)
      .map(([id]) => `${id} never read`);
    const undone = [...this.#pairs.values()]
      .filter(({ recorded }) => recorded === undefined)
      .map(({ id, path, attempts }) => `${id} on ${path} unsettled after ${attempts} attempts`);
    return [...unread, ...undone];
  }

  /** The longest that a delivery on this path waited from being owed to being recorded. */
  slowest(path: string): number {
    const now = this.#clock.monotonic();
    const waits = this.pairsOf(path).map(
      ({ owedAt, recordedAt, recorded }) => (recorded ? recordedAt : now) - owedAt,
    );
    return Math.max(0, ...waits);
  }

  get counts(): { events: number; pairs: number; dead: number; attempts: number } {
    const pairs = [...this.#pairs.values()];
    return {
      events: this.#written.size,
      pairs: pairs.length,
      dead: pairs.filter(({ recorded }) => recorded === 'dead').length,
      attempts: pairs.reduce((sum, { attempts }) => sum + attempts, 0),
    };
  }

  violated(what: string): void {
    this.violations.push(what);
  }

  #owe(id: string, event: Written, { kind, routes }: Paper): void {
    event.committed = true;
    this.#seq += 1;
    for (const { path, pattern } of routes) {
      if (!pattern.test(event.eventType)) continue;
      const owedAt = this.#clock.monotonic();
      const home = this.terms.heir(homeOf(kind, path));
      const pair = newPair({ id, path, event, seq: this.#seq, home, owedAt });
      this.#pairs.set(`${path} ${id}`, pair);
    }
  }
}
