/** A page of the System Log, as it is handed on. */
import type { LogEvent } from '../../event.ts';
import type { Cursor, Gap } from '../place/position.ts';
import type { Leftover } from './page-reader.ts';

export interface Page {
  readonly events: readonly LogEvent[];
  /** Where to go on after this page: to be kept in one transaction with its events. */
  readonly cursor: Cursor;
  /** Bytes of a page that was given up on; they are no events, but nobody else has them. */
  readonly leftovers: readonly Leftover[];
  /** There were as many events as were asked for: there are more. */
  readonly full: boolean;
  /** What may be missing before or in this page, and why; to be kept in the same transaction. */
  readonly gaps: readonly Gap[];
  /** When the log had last been read to its end before, by Okta's clock, ms since 1970; undefined: not yet. */
  readonly headAt?: number;
  /** How far Okta's clock is ahead of ours, as far as that is known, ms. */
  readonly oktaAheadMs: number;
}
