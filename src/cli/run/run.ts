/** `loghook run`: the daemon. */
import { SystemClock } from '../../clock.ts';
import { type Flags, loadConfigs } from '../../config/config.ts';
import { configsReloader } from '../../config/reload.ts';
import { orgFolder } from '../../config/state-folder.ts';
import { withAdmin } from '../admin/with-admin.ts';
import { type Io, surroundings } from '../io.ts';
import { openCommandLog } from '../terminal/command-log.ts';
import { readsAgain } from './read-again.ts';
import { runSession } from './run-session.ts';

export async function run(flags: Flags, io: Io): Promise<number> {
  const input = { ...surroundings(io, new SystemClock().now(), io.stdout), flags };
  const configs = await loadConfigs(input);
  const [config] = configs;
  if (config === undefined) throw new Error('no org was loaded');
  const log = openCommandLog(config, io.stdout, io.env);
  const namesOrgs = config.orgName !== undefined;
  return withAdmin(config.admin, { version: io.version, log, namesOrgs }, async (admin) => {
    if (namesOrgs) {
      const { runOrgs } = await import('../several/run-orgs.ts');
      const reload = configsReloader(config.routesFile, input);
      return runOrgs(configs, { ...admin, io, log, reload });
    }
    return runSession({
      ...config,
      ...admin,
      io,
      log,
      folder: orgFolder(config.stateFolder, config.org.url),
      ...readsAgain(config, input),
    });
  });
}
