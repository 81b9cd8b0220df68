/** Owes what an audit finds missing, to the routes that send: as a backfill does, and nothing twice. */
import type { AuditDesk } from '../../state/beside/audit-desk.ts';
import type { Beside } from '../../state/beside/beside.ts';
import { BesideIntake } from '../../state/beside/beside-intake.ts';
import { publishedAt } from '../../state/configs.ts';
import type { Lack } from './auditor.ts';

export class Repair {
  readonly #beside: Beside;
  readonly #desk: AuditDesk;
  readonly #intake: BesideIntake;
  readonly #config: number | undefined;
  #owed = 0;

  /** `config`: the version of the routes that is in force. */
  constructor(beside: Beside, desk: AuditDesk, config: number | undefined) {
    this.#beside = beside;
    this.#desk = desk;
    this.#intake = new BesideIntake(beside.database);
    this.#config = config;
  }

  /** So many deliveries. */
  get owed(): number {
    return this.#owed;
  }

  /** All that is still missing in its own transaction; durable when it returns. @throws StateError */
  owe(lacks: readonly Lack[], now: number): void {
    if (lacks.length === 0) return;
    this.#beside.write(() => {
      // What was forgotten a moment ago may have been delivered.
      const forgottenTo = this.#desk.forgottenTo();
      const wanted = lacks
        .filter(({ event }) => (publishedAt(event.published) ?? 0) > forgottenTo)
        .map(({ event, routes }) => ({ event, routes: this.#inForce(routes) }))
        .filter(({ routes }) => routes.length > 0);
      const lacking = this.#intake.look(wanted);
      this.#intake.owe(lacking, { now, config: this.#config });
      this.#owed += lacking.reduce((sum, { routes }) => sum + routes.length, 0);
    });
  }

  #inForce(routes: Lack['routes']): number[] {
    return routes.map(({ id }) => id).filter((id) => this.#intake.isInForce(id));
  }
}
