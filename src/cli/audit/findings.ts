/** What does not add up, one by one as far as that can be shown. All of it is counted; only so many are kept. */
import type { NamedRoute } from '../../state/beside/named-routes.ts';
import type { Gap } from '../../state/outbox.ts';

export interface Finding {
  readonly kind: 'missing' | 'changed' | 'duplicate';
  readonly event: string;
  readonly eventType?: string | undefined;
  /** As Okta wrote it. */
  readonly published?: string | undefined;
  /** Its name. */
  readonly route: string;
  readonly routeId: number;
  /** In words. */
  readonly why?: string;
  /** A known gap in which a missing one was published. */
  readonly gap?: Gap;
  readonly difference?: Difference;
}

/** Why something is missing that was never taken in, or was wiped out altogether. */
export const UNKNOWN = 'not in the ledger';

/** Where two texts part, and what stands there. */
interface Difference {
  readonly at: number;
  readonly okta: string;
  readonly ours: string;
}

/** Beyond this only the number is known. */
const MOST_FINDINGS = 10_000;
const BEFORE = 12;
const AFTER = 24;

/** Undefined when they are the same. */
export function differenceOf(okta: Buffer, ours: Buffer): Difference | undefined {
  if (okta.equals(ours)) return undefined;
  let at = 0;
  while (at < okta.length && okta[at] === ours[at]) at += 1;
  return { at, okta: excerpt(okta, at), ours: excerpt(ours, at) };
}

/** Attackers write it: not yet fit for a terminal. */
function excerpt(raw: Buffer, at: number): string {
  return raw.subarray(Math.max(0, at - BEFORE), at + AFTER).toString('utf8');
}

type About = Pick<Finding, 'eventType' | 'published'> & { readonly id: string };

export class Findings {
  #all: Finding[] = [];

  get all(): readonly Finding[] {
    return this.#all;
  }

  tell(
    kind: Finding['kind'],
    { id, eventType, published }: About,
    route: NamedRoute,
    more: Partial<Finding>,
  ): void {
    if (this.#all.length >= MOST_FINDINGS) return;
    const about = { event: id, eventType, published, route: route.name, routeId: route.id };
    this.#all.push({ kind, ...about, ...more });
  }

  /** They were none. */
  takeBack(some: ReadonlySet<Finding>): void {
    this.#all = this.#all.filter((finding) => !some.has(finding));
  }
}
