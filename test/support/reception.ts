/** What a receiver has accepted, held against what the org wrote: nothing lost, nothing changed, repeats and their cause. */
import type { ReceivedRequest } from '../../src/practice/receiver.ts';

export interface Accepted {
  readonly at: number;
  readonly attempt: number | undefined;
  /** Whether it said that a person had asked for it. */
  readonly isReplay: boolean;
}

export class Reception {
  /** By path, then by event id: each request that was answered 2xx, in order. */
  readonly #accepted = new Map<string, Map<string, Accepted[]>>();
  readonly #bytesOf: (eventId: string) => Buffer | undefined;
  /** What should never come: other bytes, an id that the org never wrote, no id. */
  readonly faults: string[] = [];
  requests = 0;

  constructor(bytesOf: (eventId: string) => Buffer | undefined) {
    this.#bytesOf = bytesOf;
  }

  /** To be told of every request as it comes. */
  received({ id, path, body, attempt }: ReceivedRequest): void {
    this.requests += 1;
    const expected = id === undefined ? undefined : this.#bytesOf(id);
    if (expected === undefined) {
      this.faults.push(
        `${path} got ${id ?? 'a request without webhook-id'}, which the org never wrote`,
      );
    } else if (!expected.equals(body)) {
      this.faults.push(`${path} got other bytes for ${id} (attempt ${attempt})`);
    }
  }

  /** To be told of every request that is answered 2xx. */
  accepted({ id, path, attempt, at, headers }: ReceivedRequest): void {
    const byId = this.#accepted.get(path) ?? new Map<string, Accepted[]>();
    this.#accepted.set(path, byId);
    const known = byId.get(id ?? '') ?? [];
    const isReplay = headers['loghook-replay'] === 'true';
    byId.set(id ?? '', [...known, { at, attempt, isReplay }]);
  }

  has(path: string, eventId: string): boolean {
    return this.#accepted.get(path)?.has(eventId) ?? false;
  }

  count(path: string): number {
    return this.#accepted.get(path)?.size ?? 0;
  }

  /** Each pair of 2xx answers that follow one another for one (event, route). */
  repeats(): { path: string; eventId: string; first: Accepted; second: Accepted }[] {
    const pairs: { path: string; eventId: string; first: Accepted; second: Accepted }[] = [];
    for (const [path, byId] of this.#accepted) {
      for (const [eventId, accepted] of byId) {
        accepted.slice(1).forEach((second, index) => {
          pairs.push({ path, eventId, first: accepted[index]!, second });
        });
      }
    }
    return pairs;
  }
}
