/** `loghook service print`: gathers the facts of this machine for the unit, and prints it. */
import { realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename } from 'node:path';
import { Environment } from '../../config/environment.ts';
import { refuse } from '../../config/problems.ts';
import { quote } from '../../config/quote.ts';
import { findRouteFile, knownOrgs } from '../../config/route-file.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { SERVICE_KINDS, serviceUnit } from './unit.ts';

/** @throws ConfigError when no unit can be made here */
export async function servicePrint(word: string, io: Io): Promise<number> {
  const kind = SERVICE_KINDS.find((one) => one === word);
  if (kind === undefined) {
    const shown = /^[a-z-]{1,20}$/.test(word) ? quote(word) : 'that';
    return refuse('service print', `${shown} is none of ${SERVICE_KINDS.join(', ')}`);
  }
  const { path } = findRouteFile(undefined, io.cwd);
  const orgs = await knownOrgs(undefined, io.cwd, new Environment(io.env));
  const unit = serviceUnit(kind, {
    execPath: process.execPath,
    entry: realpathSync(process.argv[1] ?? ''),
    home: homedir(),
    user: userInfo().username,
    env: io.env,
    platform: process.platform,
    routesFile: basename(path),
    namesOrgs: orgs.length > 0,
  });
  io.stdout.write(unit);
  return EXIT.asAsked;
}
