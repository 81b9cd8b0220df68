/**
 * `npm run soak`: SOAK_MINUTES (3) of trouble, then calm and proof. SOAK_SEED repeats what chance chose. Exit code 0 when
 * nothing was lost, changed or repeated without a cause, and nothing grew.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../src/clock.ts';
import { numberFrom } from '../support/seeds.ts';
import { testApp } from '../support/service-app.ts';
import { NO_MOUNT, onDiskOf } from './disk.ts';
import { openHousehold } from './household.ts';
import { Scene } from './scene.ts';
import { Soak } from './soak.ts';
import { judge } from './verdict.ts';

const clock = new SystemClock();
const MINUTES = numberFrom('SOAK_MINUTES', 3);
const SEED = numberFrom('SOAK_SEED', 1 + (clock.now() % 1_000_000));
/** Each brings bursts, and a minute or so of calm; longer soaks have longer ones. */
const WAVES = Math.min(30, Math.max(4, Math.ceil(MINUTES)));
const MOST_EVENTS_A_WAVE = 4_500;
/** A backfill wants 256 MB to be left. */
const LEAST_DISK_MB = 400;
const RATE = 40;
/** Of an org, which keeps all of them in memory. */
const MOST_EVENTS = 250_000;
const SECRET = `whsec_${Buffer.from('a secret of the soak, 32 bytes..').toString('base64')}`;
const TOKEN_LIFE_S = 15;

async function main(folder: string | undefined): Promise<number> {
  if (folder !== undefined) return soak(folder, true);
  const own = mkdtempSync(join(tmpdir(), 'loghook-soak-'));
  try {
    const megabytes = Math.min(2_000, LEAST_DISK_MB + 60 * MINUTES);
    process.env.SOAK_SEED = String(SEED);
    const code = await onDiskOf(megabytes, fileURLToPath(import.meta.url), own);
    return code === NO_MOUNT ? await soak(own, false) : code;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** `folder` is on a small disk of its own, if `isSmall`. */
async function soak(folder: string, isSmall: boolean): Promise<number> {
  const from = clock.monotonic();
  const say = (line: string) => {
    console.log(`${String(Math.round((clock.monotonic() - from) / 1_000)).padStart(5)} s  ${line}`);
  };
  const disk = isSmall
    ? 'on a small disk that will be full'
    : 'without a full disk: nothing may be mounted here';
  console.log(`soak of ${MINUTES} min, seed ${SEED}, ${disk}`);
  const { app, identity } = testApp({ dpop: true, tokenLifeS: TOKEN_LIFE_S });
  const rate = Math.min(RATE, (MOST_EVENTS - WAVES * MOST_EVENTS_A_WAVE) / (MINUTES * 60));
  const common = { rate, secret: SECRET };
  const scenes = [
    await Scene.open({ ...common, name: 'emea', seed: SEED }),
    await Scene.open({ ...common, name: 'us', seed: SEED + 10, app }),
  ] as const;
  const [emea, us] = scenes;
  const household = openHousehold(folder, [
    { scene: emea, interval: '1s' },
    { scene: us, interval: 'auto', app: identity },
  ]);
  const ms = MINUTES * 60_000;
  const times = { killMs: ms * 0.2, waveMs: (ms * 0.45) / WAVES, waves: WAVES };
  const all = new Soak(
    { seed: SEED, ...times, disk: isSmall ? folder : undefined, say },
    household,
  );
  const stop = new AbortController();
  const living = scenes.map((scene) => scene.live(stop.signal));
  try {
    const faults = await faultsOf(all, say);
    const { kills, sleeps, reloads, pauses, replays, revived } = all.tally;
    const { outages, absences, scrapes } = all.tally;
    console.log(
      `\n${kills} kills, ${sleeps} sleeps, ${reloads} reloads, ${pauses} pauses, ${replays} replays, ${revived} dead letters sent again, ${all.fullCount} times no room on the disk`,
    );
    console.log(
      `${outages} times an org was out and ${absences} times not in the file, while the other's events came; ${scrapes} scrapes answered; ${us.org.oauth.tokenCount} tokens given`,
    );
    say('done');
    for (const fault of faults) console.log(`FAULT ${fault}`);
    console.log(
      faults.length === 0
        ? 'soak passed: nothing lost, nothing changed, no repeat without a cause, nothing grows'
        : `soak FAILED; repeat with SOAK_MINUTES=${MINUTES} SOAK_SEED=${SEED} npm run soak`,
    );
    return faults.length === 0 ? 0 : 1;
  } finally {
    stop.abort();
    await Promise.all(living);
    await all.abandon();
    await Promise.all(scenes.map((scene) => scene.close()));
  }
}

/** What it came to, and what is wrong with that. */
async function faultsOf(all: Soak, say: (line: string) => void): Promise<string[]> {
  try {
    await all.run();
  } catch (error) {
    say('given up');
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  say('auditing');
  const verdict = await judge(all);
  const faults = [...verdict.faults, ...(await all.stop())];
  for (const line of verdict.lines) console.log(line);
  return faults;
}

process.exitCode = await main(process.argv[2]);
