/** Processes that a row needs: started, spoken to, and ended by the row itself. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const bin = resolve(here, '../../bin/loghook.js');

/** A child that speaks to us by messages; they are kept until they are asked for. */
export class Helper {
  readonly #child: ChildProcess;
  readonly #messages: Record<string, unknown>[] = [];
  #wake: (() => void) | undefined;

  constructor(name: string, ...args: (string | number)[]) {
    this.#child = fork(join(here, `${name}.js`), args.map(String));
    this.#child.on('message', (message) => {
      this.#messages.push(Object(message));
      this.#wake?.();
    });
  }

  async next(): Promise<Record<string, unknown>> {
    while (this.#messages.length === 0) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return this.#messages.shift()!;
  }

  /** Resolves when the child has ended by itself. */
  async ended(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    await new Promise((resolve) => this.#child.once('exit', resolve));
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.ended();
  }
}

export interface Loghook {
  readonly pid: number;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ends it by SIGTERM and removes its folder. */
  stop(): Promise<void>;
}

/** As it stands in loghook.csv, or what stands in loghook.yaml. */
export type RoutesText = string | { readonly routes: readonly object[] };

/** The real command, with default settings but for `settings`, its log in a file as a service manager would have it. */
export async function startLoghook(
  org: { readonly url: string; readonly token: string },
  routes: RoutesText,
  settings: Readonly<Record<string, string>> = {},
): Promise<Loghook> {
  const folder = await mkdtemp(join(tmpdir(), 'loghook-bench-'));
  if (typeof routes === 'string') await writeFile(join(folder, 'loghook.csv'), routes);
  else await writeFile(join(folder, 'loghook.yaml'), JSON.stringify(routes)); // YAML holds all of JSON
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    OKTA_ORG_URL: org.url,
    OKTA_API_KEY: org.token,
    ...settings,
  };
  const out = openSync(join(folder, 'log'), 'w');
  const child = spawn(process.execPath, [bin, 'run'], {
    cwd: folder,
    env,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  return {
    pid: child.pid!,
    folder,
    env,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
