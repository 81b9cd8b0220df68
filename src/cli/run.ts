/** `loghook run`: the daemon. */
import { SystemClock } from '../clock.ts';
import { type Flags, loadConfig, routesReloader } from '../config/config.ts';
import { orgFolder } from '../config/state-folder.ts';
import { withAdmin } from './admin/with-admin.ts';
import { openCommandLog } from './command-log.ts';
import { type Io, surroundings } from './io.ts';
import { runSession } from './run-session.ts';

export async function run(flags: Flags, io: Io): Promise<number> {
  const config = await loadConfig({
    ...surroundings(io, new SystemClock().now(), io.stdout),
    flags,
  });
  const log = openCommandLog(config, io.stdout, io.env);
  return withAdmin(config.admin, { version: io.version, log }, (admin) =>
    runSession({
      ...config,
      ...admin,
      io,
      log,
      folder: orgFolder(config.stateFolder, config.org.url),
      reload: routesReloader(config.routesFile, { flags, env: io.env, cwd: io.cwd }),
    }),
  );
}
