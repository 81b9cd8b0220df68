/** Commits pages, one transaction each: what they owe is durable before the queues hear of it. Waits for a full disk. */
import type { Clock } from '../../clock.ts';
import type { DiskGate } from '../database/disk-gate.ts';
import { isForNow, isFull, stateErrorOf } from '../database/sqlite.ts';
import type { Transactions } from '../database/transactions.ts';
import type { Committed, Intake, Wants } from '../outbox.ts';
import type { KnownRoutes } from '../owed/known-routes.ts';
import type { Records } from '../owed/records.ts';
import type { History } from '../pruning/history.ts';
import type { PageIntake, Taken } from './intake.ts';

interface PageCommitsParts {
  readonly path: string;
  readonly clock: Clock;
  readonly gate: DiskGate;
  readonly transactions: Transactions;
  readonly intake: PageIntake;
  readonly routes: KnownRoutes;
  readonly records: Records;
  readonly history: History;
}

export class PageCommits {
  readonly #parts: PageCommitsParts;

  constructor(parts: PageCommitsParts) {
    this.#parts = parts;
  }

  /** Resolves undefined if `signal` aborts before there is room: nothing was taken. */
  async commit(intake: Intake, wants: Wants, signal: AbortSignal): Promise<Committed | undefined> {
    const { path, clock, gate } = this.#parts;
    while (!signal.aborted) {
      try {
        return this.#commit(intake, wants);
      } catch (error) {
        if (!isForNow(error)) throw stateErrorOf(path, 'write to', error);
        const waitMs = gate.refused('intake', error);
        if (isFull(error)) this.#probe();
        await clock.sleep(waitMs, signal);
      }
    }
    return undefined;
  }

  #commit(intake: Intake, wants: Wants): Committed {
    const { clock, gate, transactions, routes, history } = this.#parts;
    history.makeRoomFor(intake.events.reduce((sum, { raw }) => sum + raw.length, 0));
    const now = clock.now();
    let taken: Taken = { owed: [], turns: [], repeated: 0, freed: [] };
    transactions.run(() => {
      taken = this.#parts.intake.take(intake, wants, now, (key) => routes.of(key));
    });
    gate.accepted('intake');
    routes.offer(taken.turns, now);
    routes.freed(taken.freed);
    return { owed: taken.owed, repeated: taken.repeated };
  }

  /** A page does not fit: may sending go on? What waits to be recorded finds out by itself. */
  #probe(): void {
    const { path, gate, transactions, records } = this.#parts;
    if (records.size > 0) return;
    try {
      transactions.probeWrite();
    } catch (error) {
      if (isForNow(error)) return;
      throw stateErrorOf(path, 'write to', error);
    }
    gate.probed();
  }
}
