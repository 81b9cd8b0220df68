/**
 * Knows when the sockets of this process have come to rest, so that a fake clock may move on: real bytes need real turns
 * of the event loop, however little time they take.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** What waits on purpose (a receiver that hangs, an answer that is drawn out) is not waited for longer than this. */
const STUCK_MS = 4;
/** After an answer of the org: inflating a page leaves this thread, and p-retry turns to a real timer of 1 ms. */
const ORG_MS = 2;
const QUIET_TURNS = 3;

export class Traffic {
  readonly #open = new Set<unknown>();
  #events = 0;
  #orgEvents = 0;
  readonly #begin = (message: unknown) => this.#note(message, true);
  readonly #end = (message: unknown) => this.#note(message, false);

  constructor() {
    subscribe('undici:request:create', this.#begin);
    subscribe('undici:request:trailers', this.#end);
    subscribe('undici:request:error', this.#end);
  }

  close(): void {
    unsubscribe('undici:request:create', this.#begin);
    unsubscribe('undici:request:trailers', this.#end);
    unsubscribe('undici:request:error', this.#end);
  }

  /** Resolves when nothing has moved for a moment, and for `atLeastMs` where a first page is slow to come. */
  async settle(atLeastMs = 0): Promise<void> {
    const before = this.#orgEvents;
    let seen = this.#events;
    let quietTurns = 0;
    let quietSince = performance.now();
    for (;;) {
      await turn();
      if (this.#events !== seen) {
        seen = this.#events;
        quietTurns = 0;
        quietSince = performance.now();
        continue;
      }
      quietTurns += 1;
      if (quietTurns < QUIET_TURNS) continue;
      const restMs = this.#open.size > 0 ? STUCK_MS : this.#orgEvents === before ? 0 : ORG_MS;
      if (performance.now() - quietSince >= Math.max(restMs, atLeastMs)) return;
    }
  }

  #note(message: unknown, begins: boolean): void {
    // undici documents each of these messages as an object that holds the request.
    const { request } = message as { request: { method: string } };
    this.#events += 1;
    if (request.method === 'GET') this.#orgEvents += 1;
    if (begins) this.#open.add(request);
    else this.#open.delete(request);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
