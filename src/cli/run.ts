/** `loghook run`: the daemon. */
import { SystemClock } from '../clock.ts';
import { type Flags, loadConfig, routesFile } from '../config/config.ts';
import { loadRoutes } from '../config/routes-file.ts';
import { orgFolder } from '../config/state-folder.ts';
import { openCommandLog } from './command-log.ts';
import { type Io, surroundings } from './io.ts';
import { runSession } from './session.ts';

export async function run(flags: Flags, io: Io): Promise<number> {
  const config = loadConfig({ ...surroundings(io, new SystemClock().now(), io.stdout), flags });
  const file = routesFile(flags.config, io.cwd);
  return runSession({
    ...config,
    io,
    log: openCommandLog(config, io.stdout, io.env),
    folder: orgFolder(config.stateFolder, config.org.url),
    reload: () => loadRoutes(file.path, file.shownAs),
  });
}
