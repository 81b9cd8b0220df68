/**
 * Whether the files that are open still lie where they lay. One that is removed or replaced under a running process is
 * written to as before, and all that it holds is gone with the process; and where the lock is gone, a second daemon can
 * start.
 */
import { statSync } from 'node:fs';
import { codeOf, StateError } from '../../errors.ts';

const NONE = 'none';
/** What cannot be asked for just now proves nothing. */
const UNKNOWN = 'unknown';

export class OwnFiles {
  readonly #paths: readonly string[];
  /** By path, which file it was at the first check. */
  readonly #identities = new Map<string, string>();

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** The first call remembers them. @throws StateError when one of them is gone since then, or is another one. */
  check(): void {
    for (const path of this.#paths) {
      const now = identityOf(path);
      const before = this.#identities.get(path);
      if (now === before || now === UNKNOWN) continue;
      if (before !== undefined) throw lost(path, now);
      this.#identities.set(path, now);
    }
  }
}

function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? NONE : UNKNOWN;
  }
}

function lost(path: string, now: string): StateError {
  return new StateError(path, 'go on with', {
    cause: new Error(`it was ${now === NONE ? 'removed' : 'replaced'} while loghook ran`),
    hint: 'Stop loghook before you move or restore its state. What it still owed is read again with: loghook backfill --since',
  });
}
