/** `loghook run` with the orgs that loghook.yaml names. */
import { SystemClock } from '../../clock.ts';
import type { Config } from '../../config/config.ts';
import { Paces } from '../../delivery/lanes/pace.ts';
import type { Log } from '../../log.ts';
import type { Admin } from '../admin/admin.ts';
import type { Io } from '../io.ts';
import { openProcessWide } from '../run/process-wide.ts';
import { sayNotReloaded } from '../run/reload.ts';
import { Orgs } from './orgs.ts';

interface Several {
  readonly io: Io;
  readonly log: Log;
  /** Reads all of them anew; throws when they are not usable. */
  readonly reload: () => Promise<readonly Config[]>;
  /** Where others ask how it is. */
  readonly adminDoor?: Admin;
}

/** Runs until it is told to stop (or, with `once`, all are done). Returns the exit code. */
export async function runOrgs(
  configs: readonly Config[],
  { io, log, reload, adminDoor }: Several,
): Promise<number> {
  const clock = new SystemClock();
  const wide = openProcessWide({
    io,
    log,
    clock,
    isAlive: () => orgs.isTurning,
    onReload: () => void reloadAll(),
  });
  const orgs = new Orgs(
    { io, log, clock, paces: new Paces(clock), reload, ...(adminDoor && { adminDoor }) },
    wide,
  );
  const reloadAll = async () => {
    try {
      return await orgs.take(await reload());
    } catch (error) {
      return sayNotReloaded(log, error);
    }
  };
  if (adminDoor !== undefined) adminDoor.reloader = reloadAll;
  try {
    return await orgs.run(configs);
  } finally {
    await wide.close();
  }
}
