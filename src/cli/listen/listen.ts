/** `loghook listen`: the daemon with one route that stands on the command line, and state of its own. */
import { join } from 'node:path';
import { SystemClock } from '../../clock.ts';
import { adminSettings } from '../../config/admin.ts';
import { type Flags, loadOrgSettings } from '../../config/config.ts';
import { orgFolder, stateFolder } from '../../config/state-folder.ts';
import { withAdmin } from '../admin/with-admin.ts';
import { type Io, surroundings } from '../io.ts';
import { runSession } from '../run/run-session.ts';
import { parseMatch, parseTarget } from '../target.ts';
import { openCommandLog } from '../terminal/command-log.ts';

/** Whoever writes a receiver restarts it all the time, and waits for the next event. */
const LONGEST_PROBE_MS = 5_000;

export async function listen(
  target: string,
  flags: Flags & { readonly match?: string },
  io: Io,
): Promise<number> {
  const input = { ...surroundings(io, new SystemClock().now(), io.stderr), flags };
  const { settings, more } = await loadOrgSettings(input, (environment) => ({
    pattern: () => parseMatch(flags.match),
    target: () => parseTarget(target),
    stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
    // By its flag alone: what LOGHOOK_ADMIN says is for the daemon that may run beside it.
    admin: () =>
      flags.admin === undefined ? undefined : adminSettings(flags.admin, environment, io.cwd),
  }));
  const { routes, folder, host, isLocal } = parseTarget(target, flags.match);
  const log = openCommandLog(settings, io.stderr, io.env);
  if (!isLocal) log.warn({ host }, 'events leave this machine');
  return withAdmin(more.admin, { version: io.version, log }, (admin) =>
    runSession({
      ...settings,
      ...admin,
      io,
      log,
      routes,
      folder: join(orgFolder(more.stateFolder, settings.org.url), folder),
      longestProbeMs: LONGEST_PROBE_MS,
    }),
  );
}
