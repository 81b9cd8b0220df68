/** What a practice org remembers of the requests it got: the newest ones, and how many there were. */
import type { IncomingMessage } from 'node:http';
import type { Fault } from './faults.ts';

const KEPT = 10_000;

export interface RequestRecord {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly url: string;
  /** Whether there was an Authorization header; never what stood in it. */
  readonly authorization: boolean;
  readonly userAgent: string | undefined;
  readonly acceptEncoding: string | undefined;
  /** When it came, by the org's clock. */
  readonly at: number;
  /** What was answered; undefined until then, and for good after a reset or while it hangs. */
  readonly status: number | undefined;
  /** The fault that it met. */
  readonly fault: Fault['kind'] | undefined;
}

type Writable = { -readonly [Field in keyof RequestRecord]: RequestRecord[Field] };

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

export class RequestRing {
  readonly #records: Writable[] = [];
  readonly #waiters = new Set<Waiter>();
  #count = 0;
  #ended = 0;

  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  get count(): number {
    return this.#count;
  }

  begin(request: IncomingMessage, at: number): RequestRecord {
    const record: Writable = {
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization !== undefined,
      userAgent: request.headers['user-agent'],
      acceptEncoding: request.headers['accept-encoding']?.toString(),
      at,
      status: undefined,
      fault: undefined,
    };
    this.#count += 1;
    this.#records.push(record);
    if (this.#records.length > KEPT) this.#records.shift();
    return record;
  }

  met(record: Writable, fault: Fault['kind']): void {
    record.fault = fault;
  }

  /** The request has had all that it will get. */
  end(record: Writable, status: number | undefined): void {
    record.status = status;
    this.#ended += 1;
    for (const waiter of this.#waiters) {
      if (this.#ended < waiter.count) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  waitFor(count: number): Promise<void> {
    if (this.#ended >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.add({ count, resolve });
    });
  }
}
