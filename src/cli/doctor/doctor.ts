/** `loghook doctor`: looks at all that a run needs. It changes nothing and asks Okta once. */
import { SystemClock } from '../../clock.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import type { DoctorFlags } from './add-doctor.ts';
import { checkClock } from './checks/clock.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkNetwork } from './checks/network.ts';
import { checkRate } from './checks/rate.ts';
import { checkSettings } from './checks/settings.ts';
import { type Checks, examine } from './examination.ts';
import { report, reportAsJson, tallyOf } from './report.ts';
import { openScene, type Scene } from './scene.ts';

export const ALL_CHECKS: Checks<Scene> = {
  settings: checkSettings,
  network: checkNetwork,
  clock: checkClock,
  credentials: checkCredentials,
  rate: checkRate,
};

export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const scene = await openScene(flags, { io, clock, machine: {} });
  const { findings } = await examine(ALL_CHECKS, scene, clock);
  if (flags.json === true) reportAsJson(findings, io);
  else report(findings, io);
  return tallyOf(findings).problems > 0 ? EXIT.problem : EXIT.asAsked;
}
