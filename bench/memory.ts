/** Memory and start-up of the real command, as the operating system counts them. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Helper, startLoghook } from './children.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = resolve(root, 'bin/loghook.js');
/** Nobody listens there. */
const CLOSED_PORT = 9;
const IDLE_MS = 8_000;

export interface Backlog {
  readonly peakMb: number;
  readonly statusMs: number;
}

/** COUNT events are owed to a receiver that is down: the daemon's peak RSS, and how long `status` takes then. */
export async function backlog(count: number): Promise<Backlog> {
  const org = new Helper('org', count);
  const { url, token } = await org.next();
  const loghook = await startLoghook(
    { url: String(url), token: String(token) },
    `.*,http://127.0.0.1:${CLOSED_PORT}/\n`,
  );
  while ((await owed(loghook.env, loghook.folder)) < count) await sleep(1_000);
  const started = performance.now();
  await owed(loghook.env, loghook.folder);
  const statusMs = performance.now() - started;
  const peakMb = rssMb(loghook.pid, 'VmHWM');
  await loghook.stop();
  await org.stop();
  return { peakMb, statusMs };
}

/** Idle RSS of the daemon and of a bare `node`, in MB. */
export async function idle(): Promise<{ readonly loghookMb: number; readonly nodeMb: number }> {
  const org = new Helper('org', 0);
  const { url, token } = await org.next();
  const loghook = await startLoghook(
    { url: String(url), token: String(token) },
    `.*,http://127.0.0.1:${CLOSED_PORT}/\n`,
  );
  const bare = spawn(process.execPath, ['-e', 'setInterval(()=>{},1e3)']);
  await sleep(IDLE_MS);
  const result = { loghookMb: rssMb(loghook.pid, 'VmRSS'), nodeMb: rssMb(bare.pid!, 'VmRSS') };
  bare.kill();
  await loghook.stop();
  await org.stop();
  return result;
}

/** Median wall time of `loghook --version` over 15 runs, ms. */
export function versionMs(): number {
  const times = Array.from({ length: 15 }, () => {
    const started = performance.now();
    spawnSync(process.execPath, [bin, '--version']);
    return performance.now() - started;
  });
  return times.sort((a, b) => a - b)[7]!;
}

/** Its script builds where no binary fits; the binaries are in its tarball and load with scripts switched off. */
const SCRIPT_NOT_NEEDED = 'node_modules/@photostructure/sqlite';

/** Parts of TypeScript: an optional peer of valibot, which npm installs for nobody but us. */
const NOT_INSTALLED = 'node_modules/@typescript/';

/** Packages that `npm install loghook` brings, and those among them that need their install script. */
export function installed(): { readonly packages: number; readonly scripts: number } {
  const lock = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8'));
  const runtime = Object.entries<Record<string, unknown>>(lock.packages).filter(
    ([path, entry]) =>
      path !== '' &&
      entry.dev !== true &&
      entry.devOptional !== true &&
      !path.startsWith(NOT_INSTALLED),
  );
  return {
    packages: runtime.length,
    scripts: runtime.filter(
      ([path, entry]) => entry.hasInstallScript === true && path !== SCRIPT_NOT_NEEDED,
    ).length,
  };
}

async function owed(env: NodeJS.ProcessEnv, cwd: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [bin, 'status', '--json'], {
    env,
    cwd,
  }).catch(() => ({ stdout: '{"routes":[]}' }));
  const { routes } = JSON.parse(stdout);
  return routes.reduce((sum: number, route: { queued: number }) => sum + route.queued, 0);
}

export function rssMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
