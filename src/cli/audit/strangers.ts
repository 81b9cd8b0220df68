/**
 * What the state has delivered, given up or owes of a window, and Okta did not list. That alone is no fault: bounded
 * answers may leave out late events. One with the bytes of a listed event is a duplicate of it.
 */
import type { AuditDesk, Unlisted } from '../../state/beside/audit-desk.ts';
import type { KnownEvent } from '../../state/beside/fates.ts';
import { digestOf } from '../../state/owed/digest.ts';
import type { Digests } from './digests.ts';

export interface Stranger {
  /** The id of a route that has it. */
  readonly route: number;
  /** Whether a listed event has its bytes. */
  readonly isTwin: boolean;
}

export class Strangers {
  readonly #desk: AuditDesk;
  readonly #listed: Digests;

  /** `listed`: of all events that Okta lists and routes have, or should have. */
  constructor(desk: AuditDesk, listed: Digests) {
    this.#desk = desk;
    this.#listed = listed;
  }

  /** On each route that has it. */
  of({ event }: Unlisted): Stranger[] {
    const fates = [...event.fates].filter(([, { kind }]) => kind !== 'moved');
    if (fates.length === 0) return [];
    const isKept = this.#listed.isEmpty ? false : this.#isAmong(this.#keptDigest(event));
    return fates.map(([route, fate]) => {
      const isTwin = fate.kind === 'delivered' ? this.#isAmong(fate.digest) : isKept;
      return { route, isTwin };
    });
  }

  #isAmong(digest: Buffer | undefined): boolean {
    return digest !== undefined && this.#listed.has(digest);
  }

  /** Undefined where the bytes are not known any more. */
  #keptDigest(event: KnownEvent): Buffer | undefined {
    const needsBytes = [...event.fates.values()].some(({ kind }) => kind !== 'delivered');
    if (!needsBytes) return undefined;
    const bytes = this.#desk.atOnce(() => this.#desk.bytesOf(event));
    return bytes === undefined ? undefined : digestOf(bytes);
  }
}
