/** What the commands that change a state folder beside a daemon have in common. */
import { SystemClock } from '../../clock.ts';
import { Beside, type Turn } from '../../state/beside/beside.ts';
import { holderOf } from '../../state/database/folder.ts';
import type { Io } from '../io.ts';
import { findOrgState, type OrgFlags } from '../org-state.ts';

/** Between two transactions; about as long as one takes. */
const REST_MS = 20;

export interface Opened {
  readonly beside: Beside;
  readonly folder: string;
  readonly turn: Turn;
}

/** Closes the state whatever `work` does. @throws ConfigError StateError */
export async function withState<T>(
  flags: OrgFlags,
  io: Io,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const clock = new SystemClock();
  const { folder } = await findOrgState(io, flags);
  const beside = new Beside(folder, { readOnly: false });
  try {
    const turn = { now: clock.now(), rest: () => clock.sleep(REST_MS) };
    return await work({ beside, folder, turn });
  } finally {
    beside.close();
  }
}

/** Said where what was changed takes effect only with a daemon. */
export function noteNoDaemon(folder: string, io: Io, then: string): void {
  if (holderOf(folder) === undefined) io.stderr.write(`no daemon is running here: ${then}\n`);
}
