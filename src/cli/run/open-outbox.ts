/** The state of an org, opened when there is room for it. */
import type { Clock } from '../../clock.ts';
import { reasonOf, StateError } from '../../errors.ts';
import { isDiskFull } from '../../state/database/sqlite.ts';
import { SqliteOutbox } from '../../state/sqlite-outbox.ts';
import type { SessionOptions } from './session-options.ts';

const OPEN_AGAIN_MS = 5_000;

/** On a full disk a daemon waits for room, as it does later. Without `stop`, nothing is held that a signal could not end. */
export async function openOutbox(
  { folder, log, once }: SessionOptions,
  clock: Clock,
  stop?: AbortSignal,
): Promise<SqliteOutbox> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return SqliteOutbox.open({ folder, clock, log, pid: process.pid });
    } catch (error) {
      if (once || stop?.aborted || !isForWantOfRoom(error)) throw error;
      if (isFirst)
        log.error({ reason: reasonOf(error) }, 'disk full, the state cannot be opened yet');
      await clock.sleep(OPEN_AGAIN_MS, stop);
    }
  }
}

function isForWantOfRoom(error: unknown): boolean {
  return error instanceof StateError && isDiskFull(error.cause);
}
