/** An outbox that tells what it was asked and what became durable, until it is cut off. */
import type {
  Committed,
  Delivery,
  Intake,
  LaneGate,
  LeftBehind,
  Outbox,
  Reading,
  RouteRef,
  RouteState,
  RouteWish,
  Settlement,
  TailCursor,
  Wants,
} from '../../../src/state/outbox.ts';
import type { Paper } from './paper.ts';

export interface OutboxWatcher {
  /** The routes file that is in force. */
  readonly paper: Paper;
  adopted(): void;
  /** `paper` was in force when it was committed. */
  committed(intake: Intake, paper: Paper): void;
  recorded(key: string, delivery: Delivery, settlement: Settlement): void;
  released(key: string, delivery: Delivery): void;
  tidied(): void;
}

export class WatchedOutbox implements Outbox {
  readonly #inner: Outbox;
  #watcher: OutboxWatcher | undefined;

  constructor(inner: Outbox, watcher: OutboxWatcher) {
    this.#inner = inner;
    this.#watcher = watcher;
  }

  /** From now on nothing that it does counts: the process is dead, whatever its remains still do. */
  cutOff(): void {
    this.#watcher = undefined;
  }

  async commit(intake: Intake, wants: Wants, signal: AbortSignal): Promise<Committed | undefined> {
    const before = this.#watcher;
    let paper = before?.paper;
    const wantedBy: Wants['wantedBy'] = (event) => {
      paper = before?.paper;
      return wants.wantedBy(event);
    };
    const committed = await this.#inner.commit(intake, { wantedBy }, signal);
    if (committed !== undefined && paper !== undefined && before === this.#watcher) {
      before?.committed(intake, paper);
    }
    return committed;
  }

  async record(
    lane: { readonly key: string },
    delivery: Delivery,
    settlement: Settlement,
  ): Promise<void> {
    const before = this.#watcher;
    await this.#inner.record(lane, delivery, settlement);
    if (before === this.#watcher) before?.recorded(lane.key, delivery, settlement);
  }

  adopt(routes: readonly RouteRef[], reading?: Reading): Promise<void> {
    const adopted = this.#inner.adopt(routes, reading);
    this.#watcher?.adopted();
    return adopted;
  }
  rateShare(): Promise<number> {
    return this.#inner.rateShare();
  }
  cursor(): Promise<TailCursor | undefined> {
    return this.#inner.cursor();
  }
  due(lane: LaneGate, signal: AbortSignal, asOf?: number): AsyncIterable<Delivery> {
    return this.#inner.due(lane, signal, asOf);
  }
  release(lane: { readonly key: string }, delivery: Delivery): void {
    this.#watcher?.released(lane.key, delivery);
    this.#inner.release(lane, delivery);
  }
  owedCount(): Promise<number> {
    return this.#inner.owedCount();
  }

  leftBehind(): Promise<readonly LeftBehind[]> {
    return this.#inner.leftBehind();
  }

  removedCount(): Promise<number> {
    return this.#inner.removedCount();
  }
  routeState(key: string): Promise<RouteState> {
    return this.#inner.routeState(key);
  }
  saveRouteState(key: string, state: RouteState): Promise<void> {
    return this.#inner.saveRouteState(key, state);
  }
  saveTrouble(trouble: string | undefined): Promise<void> {
    return this.#inner.saveTrouble(trouble);
  }
  wishes(): Promise<readonly RouteWish[]> {
    return this.#inner.wishes();
  }
  trouble(): ReturnType<Outbox['trouble']> {
    return this.#inner.trouble();
  }
  saveSilence(key: string, since: number | undefined): Promise<void> {
    return this.#inner.saveSilence(key, since);
  }
  silentSince(key: string): Promise<number | undefined> {
    return this.#inner.silentSince(key);
  }
  knows(eventId: string): Promise<boolean> {
    return this.#inner.knows(eventId);
  }
  async tidy(): Promise<boolean> {
    const before = this.#watcher;
    const changed = await this.#inner.tidy();
    if (before === this.#watcher) before?.tidied();
    return changed;
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}
