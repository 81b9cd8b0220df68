/** `loghook doctor`: looks at all that a run needs. It changes nothing and asks Okta once. */
import { type Clock, SystemClock } from '../../clock.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import type { DoctorFlags } from './add-doctor.ts';
import { checkClock } from './checks/clock.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkDaemons, checkOwnDaemon } from './checks/daemons.ts';
import { checkDeliveries } from './checks/deliveries.ts';
import { checkDisk } from './checks/disk.ts';
import { checkNetwork } from './checks/network.ts';
import { checkRate } from './checks/rate.ts';
import { checkRoutes } from './checks/routes.ts';
import { checkSending } from './checks/send.ts';
import { checkService } from './checks/service.ts';
import { checkSettings } from './checks/settings.ts';
import { checkState } from './checks/state.ts';
import { type Checks, type Examined, examine } from './examination.ts';
import { thisMachine } from './machine.ts';
import { report, reportAsJson, tallyOf } from './report.ts';
import { openScenes, type Scene } from './scene.ts';

const ALL_CHECKS: Checks<Scene> = {
  settings: checkSettings,
  network: checkNetwork,
  clock: checkClock,
  credentials: checkCredentials,
  rate: checkRate,
  routes: checkRoutes,
  sending: checkSending,
  disk: checkDisk,
  state: checkState,
  daemons: checkDaemons,
  deliveries: checkDeliveries,
  service: checkService,
};

export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const scenes = await openScenes(flags, { io, clock, machine: thisMachine() });
  const { findings, isLate } = await examineAll(scenes, clock);
  if (flags.json === true) reportAsJson(findings, io);
  else report(findings, io);
  const code = tallyOf(findings).problems > 0 ? EXIT.problem : EXIT.asAsked;
  if (isLate || isLookingUp()) await endNow(code, io);
  return code;
}

/** What is of the whole machine is looked at with the first of several orgs. */
const OF_FURTHER: Checks<Scene> = { ...ALL_CHECKS, daemons: checkOwnDaemon, service: () => [] };

/** All orgs side by side. */
export async function examineAll(scenes: readonly Scene[], clock: Clock): Promise<Examined> {
  const examined = await Promise.all(
    scenes.map(async (scene, index) => {
      const { findings, isLate } = await examine(
        index === 0 ? ALL_CHECKS : OF_FURTHER,
        scene,
        clock,
      );
      const org = scene.config.orgName;
      return {
        isLate,
        findings: org === undefined ? findings : findings.map((one) => ({ org, ...one })),
      };
    }),
  );
  return {
    findings: examined.flatMap(({ findings }) => findings),
    isLate: examined.some(({ isLate }) => isLate),
  };
}

/** A name server that does not answer holds the process up to a minute longer, and nothing cuts it. */
function isLookingUp(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('GetAddrInfo'));
}

async function endNow(code: number, { stdout }: Io): Promise<void> {
  await new Promise<void>((resolve) => {
    stdout.write('', () => resolve());
  });
  process.exit(code);
}
