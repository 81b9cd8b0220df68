/** For what another process does in its own time. */
import assert from 'node:assert/strict';
import { SystemClock } from '../../src/clock.ts';

/** Looks until it is so; fails with what it saw last after three minutes. */
export async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  const clock = new SystemClock();
  const end = clock.monotonic() + 180_000;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    assert.ok(clock.monotonic() < end, JSON.stringify(seen));
    await clock.sleep(50);
  }
}
