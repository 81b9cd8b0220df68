/** The faults that a practice org can be told to make, and the queue in which they wait for their request. */

export type Fault =
  /** An error envelope; `errorCode` and `headers` say more than the status. Bodiless statuses have none. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly errorCode?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** RST before any answer. */
  | { readonly kind: 'reset' }
  /** A full content-length is promised; the socket ends after so many bytes of the body, compressed if it is. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** A complete HTTP answer whose JSON text stops after so many bytes. */
  | { readonly kind: 'cut-json'; readonly afterBytes: number }
  /** Never answers; with `afterBytes`, stops after the head and so many bytes of the body, and keeps the socket. */
  | { readonly kind: 'hang'; readonly afterBytes?: number }
  /** 200 with a web page, as a proxy or a captive portal sends. */
  | { readonly kind: 'html' }
  /** The right answer, late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** 400 to a request that carries `after`; waits in the queue for one. */
  | { readonly kind: 'stale-link' }
  /** The right page with a next link to somewhere else. */
  | { readonly kind: 'foreign-link'; readonly url: string }
  /** The right page without any Link header. */
  | { readonly kind: 'no-link' }
  /** The right headers and links with another body. */
  | { readonly kind: 'body'; readonly body: Buffer; readonly contentType?: string };

/** What the fault `html` sends. */
export const LOGIN_PAGE = Buffer.from(
  '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>',
);

interface Waiting {
  readonly fault: Fault;
  times: number;
}

/** First come, first served; each fault serves its number of requests. */
export class FaultQueue {
  readonly #waiting: Waiting[] = [];

  add(fault: Fault, times: number): void {
    if (times > 0) this.#waiting.push({ fault, times });
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  /** The fault for a request that carries `after` or not. */
  take(carriesAfter: boolean): Fault | undefined {
    const at = this.#waiting.findIndex(({ fault }) => fault.kind !== 'stale-link' || carriesAfter);
    const found = this.#waiting[at];
    if (found === undefined) return undefined;
    found.times -= 1;
    if (found.times <= 0) this.#waiting.splice(at, 1);
    return found.fault;
  }
}
