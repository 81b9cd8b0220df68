/** What the events of a window came to on one route. All terms but `changed` and the ones after it add up to `listed`. */
import type { Fate } from '../../state/beside/fates.ts';
import {
  type DeliveryStatus,
  type NamedRoute,
  owedStatus,
} from '../../state/beside/named-routes.ts';
import type { ConfigVersion } from '../../state/configs.ts';

const TERMS = ['delivered', 'notWanted', 'dead', 'dropped', 'moved', 'owed', 'missing'] as const;

export type Term = (typeof TERMS)[number];

export class Tally {
  readonly route: NamedRoute;
  readonly terms: Record<Term, number> = {
    delivered: 0,
    notWanted: 0,
    dead: 0,
    dropped: 0,
    moved: 0,
    owed: 0,
    missing: 0,
  };
  /** What of `owed` waits for what. */
  readonly owedAs = new Map<DeliveryStatus, number>();
  /** Events whose bytes Okta lists otherwise than they were sent, or are kept. */
  changed = 0;
  /** Deliveries that nobody asked for. */
  duplicates = 0;
  /** Delivered ones whose bytes are not known any more. */
  uncomparable = 0;
  /** Delivered, dead or owed ones that Okta does not list. */
  unlisted = 0;

  constructor(route: NamedRoute) {
    this.route = route;
  }

  count(fate: Fate | 'notWanted' | 'missing', now: number): void {
    const term = typeof fate === 'string' ? fate : fate.kind;
    this.terms[term] += 1;
    if (typeof fate === 'string' || fate.kind !== 'owed') return;
    const status = owedStatus(this.route, fate.dueAt, now);
    this.owedAs.set(status, (this.owedAs.get(status) ?? 0) + 1);
  }

  get listed(): number {
    return TERMS.reduce((sum, term) => sum + this.terms[term], 0);
  }

  get addsUp(): boolean {
    return this.terms.missing === 0 && this.changed === 0 && this.duplicates === 0;
  }
}

/** Those that were in force at some time of the window, have something of it, or are looked for because they are off. */
export function talliesShown(
  tallies: readonly Tally[],
  versions: readonly ConfigVersion[],
  { since, until }: { readonly since: number; readonly until: number },
): Tally[] {
  const inForce = new Set(
    versions
      // What was published before the first one is judged by it.
      .filter(({ at }, n) => (n === 0 || at < until) && (versions[n + 1]?.at ?? until) >= since)
      .flatMap(({ routes }) => routes.map(({ id }) => id)),
  );
  return tallies.filter(({ route, terms, listed, unlisted, duplicates }) => {
    const has = listed > terms.notWanted || unlisted + duplicates > 0;
    return has || inForce.has(route.id) || route.disabled;
  });
}
