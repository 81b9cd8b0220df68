/** What an attempt was like on the wire, where its outcome says so. Durations in ms. */
import type { Outcome } from '../../delivery/outcome.ts';

export interface AttemptTrace {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  readonly firstByteMs?: number;
  /** `head` is replaced as the body comes. */
  readonly answer?: { readonly head: Buffer };
}

interface Traced {
  readonly ms: number;
  readonly trace?: AttemptTrace;
}

export function traceOf(outcome: Exclude<Outcome, { kind: 'cut' }>): AttemptTrace | undefined {
  const traced: Traced = outcome;
  return traced.trace;
}
