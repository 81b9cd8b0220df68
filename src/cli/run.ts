/** `loghook run`: the daemon. */
import { SystemClock } from '../clock.ts';
import { configsReloader, type Flags, loadConfigs, routesReloader } from '../config/config.ts';
import { orgFolder } from '../config/state-folder.ts';
import { openCommandLog } from './command-log.ts';
import { type Io, surroundings } from './io.ts';
import { runSession } from './run-session.ts';

export async function run(flags: Flags, io: Io): Promise<number> {
  const input = { ...surroundings(io, new SystemClock().now(), io.stdout), flags };
  const configs = await loadConfigs(input);
  const [config] = configs;
  if (config === undefined) throw new Error('no org was loaded');
  const log = openCommandLog(config, io.stdout, io.env);
  if (config.orgName !== undefined) {
    const { runOrgs } = await import('./several/run-orgs.ts');
    return runOrgs(configs, { io, log, reload: configsReloader(config.routesFile, input) });
  }
  return runSession({
    ...config,
    io,
    log,
    folder: orgFolder(config.stateFolder, config.org.url),
    reload: routesReloader(config.routesFile, { flags, env: io.env, cwd: io.cwd }),
  });
}
