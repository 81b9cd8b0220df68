/**
 * The promises of loghook, as something that watches: told of what the org wrote, what was committed and recorded, what
 * the receivers saw. It knows nothing of how the daemon keeps them.
 */
import type { LogEvent } from '../../../src/event.ts';
import type { ReceivedRequest } from '../../../src/practice/receiver.ts';
import type { Settlement } from '../../../src/state/outbox.ts';

/** One event on one route. */
interface Pair {
  readonly id: string;
  readonly path: string;
  owedAt: number;
  attempts: number;
  failures: number;
  /** The last answer was a plain 2xx, and no crash has come since. */
  accepted: boolean;
  /** Some answer was a 2xx, or may have been taken for one. */
  everAccepted: boolean;
  recorded: 'delivered' | 'dead' | undefined;
  recordedAt: number;
}

interface Written {
  readonly raw: Buffer;
  readonly eventType: string;
  readonly persistedAt: number;
  committed: boolean;
}

export interface RouteOnPaper {
  readonly path: string;
  readonly pattern: RegExp;
}

export class Oracle {
  readonly violations: string[] = [];
  readonly #written = new Map<string, Written>();
  readonly #pairs = new Map<string, Pair>();
  readonly #now: () => number;

  /** `now` only moves forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  wrote(id: string, eventType: string, raw: Buffer, persistedAt: number): void {
    this.#written.set(id, { raw, eventType, persistedAt, committed: false });
  }

  /** A page is safe. `routes` are those in force. */
  committed(events: readonly LogEvent[], routes: readonly RouteOnPaper[]): void {
    for (const { id, raw } of events) {
      const written = this.#written.get(id);
      if (written === undefined) this.#violated(`committed ${id}, which the org never wrote`);
      else if (!written.raw.equals(raw)) this.#violated(`committed other bytes of ${id}`);
      else if (!written.committed) this.#owe(id, written, routes);
    }
  }

  received({ id = '', path, body, attempt }: ReceivedRequest): void {
    const written = this.#written.get(id);
    const pair = this.#pairs.get(`${path} ${id}`);
    const about = `${id} on ${path} (attempt ${attempt})`;
    if (written === undefined || pair === undefined) {
      this.#violated(`received ${about}, which was never owed`);
      return;
    }
    if (!written.raw.equals(body)) this.#violated(`received other bytes of ${about}`);
    if (pair.recorded !== undefined) {
      this.#violated(`received ${about} after it was recorded as ${pair.recorded}`);
    } else if (pair.accepted) {
      this.#violated(`received ${about} again without a cause`);
    }
    pair.attempts += 1;
  }

  /** `sure`: the answer was a plain one that nothing could have kept from the sender. */
  answered({ id = '', path }: ReceivedRequest, status: number | undefined, sure: boolean): void {
    const pair = this.#pairs.get(`${path} ${id}`);
    if (pair === undefined) return;
    const accepted = status !== undefined && status >= 200 && status < 300;
    if (!accepted) pair.failures += 1;
    pair.accepted = accepted && sure;
    pair.everAccepted ||= accepted || !sure;
  }

  recorded(id: string, path: string, settlement: Settlement): void {
    if (settlement.kind === 'postponed') return;
    const pair = this.#pair(id, path);
    if (pair.recorded !== undefined) this.#violated(`${id} on ${path} was recorded twice`);
    pair.recorded = settlement.kind === 'expired' ? 'dead' : settlement.kind;
    pair.recordedAt = this.#now();
    if (settlement.kind === 'delivered' && !pair.everAccepted) {
      this.#violated(`${id} on ${path} was recorded as delivered, and never accepted`);
    }
    if (settlement.kind === 'dead' && pair.failures < 5) {
      this.#violated(`${id} on ${path} died after ${pair.failures} failures`);
    }
  }

  /** What was answered and not recorded may come again. */
  crashed(): void {
    for (const pair of this.#pairs.values()) pair.accepted = false;
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

  /** The longest that a delivery on this path waited from being owed to being recorded, in ms of `now`. */
  slowest(path: string): number {
    const waits = [...this.#pairs.values()]
      .filter((pair) => pair.path === path)
      .map(({ owedAt, recordedAt, recorded }) => (recorded ? recordedAt : this.#now()) - owedAt);
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
    this.#violated(what);
  }

  #owe(id: string, written: Written, routes: readonly RouteOnPaper[]): void {
    written.committed = true;
    for (const { path, pattern } of routes) {
      if (pattern.test(written.eventType)) this.#pair(id, path).owedAt = this.#now();
    }
  }

  #pair(id: string, path: string): Pair {
    const key = `${path} ${id}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = {
        id,
        path,
        owedAt: this.#now(),
        attempts: 0,
        failures: 0,
        accepted: false,
        everAccepted: false,
        recorded: undefined,
        recordedAt: 0,
      };
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  #violated(what: string): void {
    this.violations.push(what);
  }
}
