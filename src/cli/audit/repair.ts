/** Owes what an audit finds missing, to the routes that send: as a backfill does, and nothing twice. */
import type { Beside } from '../../state/beside.ts';
import { BesideIntake } from '../../state/beside-intake.ts';
import type { Lack } from './auditor.ts';

export class Repair {
  readonly #beside: Beside;
  readonly #intake: BesideIntake;
  readonly #config: number | undefined;
  #owed = 0;

  /** `config`: the version of the routes that is in force. */
  constructor(beside: Beside, config: number | undefined) {
    this.#beside = beside;
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
      const wanted = lacks
        .map(({ event, routes }) => {
          return {
            event,
            routes: routes.map(({ id }) => id).filter((id) => this.#intake.isInForce(id)),
          };
        })
        .filter(({ routes }) => routes.length > 0);
      const lacking = this.#intake.look(wanted);
      this.#intake.owe(lacking, { now, config: this.#config });
      this.#owed += lacking.reduce((sum, { routes }) => sum + routes.length, 0);
    });
  }
}
