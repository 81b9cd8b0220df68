/**
 * What the state has delivered, given up or owes of a window, and Okta did not list. That alone is no fault: bounded
 * answers may leave out late events. One with the bytes of a listed event is a duplicate of it.
 */
import type { AuditDesk, Unlisted } from '../../state/beside/audit-desk.ts';
import type { Fate, KnownEvent } from '../../state/beside/fates.ts';
import { digestOf } from '../../state/owed/digest.ts';
import { Digests } from './digests.ts';

interface Stranger {
  readonly unlisted: Unlisted;
  /** Its id. */
  readonly route: number;
  /** Whether a listed event has its bytes. */
  readonly isTwin: boolean;
}

export class Strangers {
  readonly #desk: AuditDesk;
  readonly #all: (Omit<Stranger, 'isTwin'> & { readonly digest: string })[] = [];

  constructor(desk: AuditDesk) {
    this.#desk = desk;
  }

  take(some: readonly Unlisted[]): void {
    for (const unlisted of some) {
      for (const [route, fate] of unlisted.event.fates) {
        if (fate.kind === 'moved') continue;
        this.#all.push({ unlisted, route, digest: this.#digestOf(unlisted.event, fate) });
      }
    }
  }

  /** `listed`: of all events that Okta lists and routes have, or should have. */
  *all(listed: Digests): Generator<Stranger> {
    const found = listed.among(new Set(this.#all.map(({ digest }) => digest)));
    for (const { unlisted, route, digest } of this.#all) {
      yield { unlisted, route, isTwin: found.has(digest) };
    }
  }

  /** Empty where the bytes are not known any more: no digest is. */
  #digestOf(event: KnownEvent, fate: Fate): string {
    if (fate.kind === 'delivered') {
      return fate.digest === undefined ? '' : Digests.startOf(fate.digest);
    }
    const bytes = this.#desk.atOnce(() => this.#desk.bytesOf(event));
    return bytes === undefined ? '' : Digests.startOf(digestOf(bytes));
  }
}
