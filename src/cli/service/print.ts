/** `loghook service print`: gathers the facts of this machine for the unit, and prints it. */
import { realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { refuse } from '../../config/problems.ts';
import { quote } from '../../config/quote.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { SERVICE_KINDS, serviceUnit } from './unit.ts';

/** @throws ConfigError when no unit can be made here */
export function servicePrint(word: string, io: Io): number {
  const kind = SERVICE_KINDS.find((one) => one === word);
  if (kind === undefined) {
    const shown = /^[a-z-]{1,20}$/.test(word) ? quote(word) : 'that';
    return refuse('service print', `${shown} is none of ${SERVICE_KINDS.join(', ')}`);
  }
  const unit = serviceUnit(kind, {
    execPath: process.execPath,
    entry: realpathSync(process.argv[1] ?? ''),
    home: homedir(),
    user: userInfo().username,
    env: io.env,
    platform: process.platform,
  });
  io.stdout.write(unit);
  return EXIT.asAsked;
}
