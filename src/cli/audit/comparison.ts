/** Whether an event went out, or is kept, as Okta lists it, and no more often than somebody asked for it. */
import type { LogEvent } from '../../event.ts';
import type { AuditDesk } from '../../state/beside/audit-desk.ts';
import type { Fate, KnownEvent } from '../../state/beside/fates.ts';
import { digestOf } from '../../state/owed/digest.ts';
import { differenceOf, type Finding, type Findings } from './findings.ts';
import type { Tally } from './tally.ts';

export class Comparison {
  readonly #desk: AuditDesk;
  readonly #findings: Findings;
  /** Places and routes of what was found to be changed. */
  readonly #changed = new Set<string>();

  constructor(desk: AuditDesk, findings: Findings) {
    this.#desk = desk;
    this.#findings = findings;
  }

  /** `digest`: of the bytes that Okta lists. */
  check(event: LogEvent, digest: Buffer, known: KnownEvent, tallies: readonly Tally[]): void {
    const kept = this.#desk.bytesOf(known);
    for (const tally of tallies) {
      const fate = known.fates.get(tally.route.id);
      if (fate === undefined) continue;
      const how = isRobbed(known, fate)
        ? { why: 'the digest of what was sent is not there any more' }
        : howChanged(event, digest, { fate, kept });
      if (how !== undefined) this.#tellChanged(event, { known, tally, how });
      else if (fate.kind === 'delivered' && fate.digest === undefined) tally.uncomparable += 1;
      this.#tellSurplus(event, known, tally);
    }
  }

  /** Okta lists it a second time: whichever of its bytes are right, it must be the ones that went out. */
  checkAgain(event: LogEvent, known: KnownEvent, tallies: readonly Tally[]): void {
    const kept = this.#desk.bytesOf(known);
    const digest = digestOf(event.raw);
    for (const tally of tallies) {
      const fate = known.fates.get(tally.route.id);
      const how = fate && howChanged(event, digest, { fate, kept });
      if (how === undefined || this.#changed.has(`${known.seq} ${tally.route.id}`)) continue;
      const twice = { ...how, why: LISTED_OTHERWISE };
      this.#tellChanged(event, { known, tally, how: twice });
    }
  }

  #tellChanged(event: LogEvent, { known, tally, how }: Changed): void {
    this.#changed.add(`${known.seq} ${tally.route.id}`);
    tally.changed += 1;
    this.#findings.tell('changed', event, tally.route, how);
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

type How = Partial<Finding>;

interface Changed {
  readonly known: KnownEvent;
  readonly tally: Tally;
  readonly how: How;
}

/** Of each event that was read since versions of the routes are remembered the digest is, too. */
function isRobbed({ config }: KnownEvent, fate: Fate): boolean {
  return config !== undefined && fate.kind === 'delivered' && fate.digest === undefined;
}

/** Undefined where the bytes that were sent, and those that may yet be, are the ones that Okta lists. */
function howChanged(
  { raw }: LogEvent,
  digest: Buffer,
  { fate, kept }: { readonly fate: Fate; readonly kept: Buffer | undefined },
): How | undefined {
  if (fate.kind === 'dropped' || fate.kind === 'moved') return undefined;
  const difference = kept === undefined ? undefined : differenceOf(raw, kept);
  const wasSentOtherwise = fate.kind === 'delivered' && fate.digest?.equals(digest) === false;
  if (!wasSentOtherwise) {
    if (difference === undefined) return undefined;
    return fate.kind === 'delivered' ? { why: KEPT_OTHERWISE, difference } : { difference };
  }
  if (kept === undefined) return { why: 'the bytes that were sent are not kept any more' };
  return difference === undefined
    ? { why: 'the bytes that are kept are the same, but others were sent' }
    : { difference };
}

const LISTED_OTHERWISE = 'Okta lists it twice, and not with the same bytes';
const KEPT_OTHERWISE = 'what is kept of it for a replay is not what Okta lists';
