/** What a backfill is made with, and what it is to do. */
import type { Clock } from '../../clock.ts';
import type { Settings } from '../../config/config.ts';
import type { Backfill, Backfills } from '../../state/beside/backfills.ts';
import type { Beside } from '../../state/beside/beside.ts';
import type { Reach } from '../../state/beside/reach.ts';
import type { Io } from '../io.ts';
import type { Chosen } from './plan.ts';

export interface Sources {
  readonly settings: Settings;
  /** What a person should know of the routes file. */
  readonly notes: readonly string[];
  readonly beside: Beside;
  /** The org's own, of the state. */
  readonly folder: string;
  readonly reach: Reach;
  readonly chosen: Chosen;
  readonly clock: Clock;
  readonly io: Io;
}

export type Order =
  /** Writes nothing. Instants in ms since 1970. */
  | {
      readonly kind: 'rehearsal';
      readonly range: { readonly since: number; readonly until: number };
    }
  | {
      readonly kind: 'backfill';
      readonly backfills: Backfills;
      readonly backfill: Backfill;
      readonly wasResumed: boolean;
      /** In words, what it was not asked for when it began, and would be now. */
      readonly rest?: string | undefined;
    };
