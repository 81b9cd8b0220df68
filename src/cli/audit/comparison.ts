/** Whether an event went out, or is kept, as Okta lists it, and no more often than somebody asked for it. */
import type { LogEvent } from '../../event.ts';
import type { AuditDesk } from '../../state/audit-desk.ts';
import type { KnownEvent } from '../../state/fates.ts';
import { differenceOf, type Finding, type Findings } from './findings.ts';
import type { Tally } from './tally.ts';

export class Comparison {
  readonly #desk: AuditDesk;
  readonly #findings: Findings;

  constructor(desk: AuditDesk, findings: Findings) {
    this.#desk = desk;
    this.#findings = findings;
  }

  /** `digest`: of the bytes that Okta lists. */
  check(event: LogEvent, digest: Buffer, known: KnownEvent, tallies: readonly Tally[]): void {
    for (const tally of tallies) {
      if (!known.fates.has(tally.route.id)) continue;
      if (this.#isChanged(event, digest, known, tally)) this.#tellChanged(event, known, tally);
      this.#tellSurplus(event, known, tally);
    }
  }

  #isChanged(event: LogEvent, digest: Buffer, known: KnownEvent, tally: Tally): boolean {
    const fate = known.fates.get(tally.route.id);
    if (fate?.kind === 'delivered') {
      if (fate.digest === undefined) tally.uncomparable += 1;
      return fate.digest?.equals(digest) === false;
    }
    if (fate?.kind !== 'owed' && fate?.kind !== 'dead') return false;
    return this.#desk.bytesOf(known)?.equals(event.raw) === false;
  }

  #tellChanged(event: LogEvent, known: KnownEvent, tally: Tally): void {
    tally.changed += 1;
    this.#findings.tell('changed', event, tally.route, this.#howOf(event, known));
  }

  #howOf(event: LogEvent, known: KnownEvent): Partial<Finding> {
    const kept = this.#desk.bytesOf(known);
    if (kept === undefined) return { why: 'the bytes that were sent are not kept any more' };
    const difference = differenceOf(event.raw, kept);
    return difference === undefined
      ? { why: 'the bytes that are kept are the same, but others were sent' }
      : { difference };
  }

  #tellSurplus(event: LogEvent, known: KnownEvent, tally: Tally): void {
    const surplus = known.surplus.get(tally.route.id) ?? 0;
    if (surplus === 0) return;
    tally.duplicates += surplus;
    const times = surplus === 1 ? 'once' : `${surplus} times`;
    const isOwed = known.fates.get(tally.route.id)?.kind === 'owed';
    const why = `delivered ${isOwed ? 'and owed again ' : ''}${times} more than anybody asked for`;
    this.#findings.tell('duplicate', event, tally.route, { why });
  }
}
