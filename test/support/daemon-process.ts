/** The real daemon, `node bin/loghook.js run`, as a child process: started, listened to, killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../src/clock.ts';

const BIN = resolve(fileURLToPath(import.meta.url), '../../../../bin/loghook.js');
/** Long after anything that is waited for should have come, on a busy machine too. */
const PATIENCE_MS = 120_000;

/** A log line: pino's fields and the message. */
export type Line = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a daemon finds when it starts: its routes file and its state folder, both in a temp folder of their own. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'loghook-test-'));
  readonly state = join(this.folder, 'state');
  readonly routesFile = join(this.folder, 'loghook.csv');

  /** Each line a pattern and a URL. */
  writeRoutes(lines: readonly (readonly [pattern: string, url: string])[]): void {
    const text = lines.map(([pattern, url]) => `"${pattern}",${url}\n`).join('');
    writeFileSync(this.routesFile, text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface DaemonProcessOptions {
  readonly workplace: Workplace;
  readonly org: { readonly url: string; readonly token: string };
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class DaemonProcess {
  readonly child: ChildProcess;
  /** Every line of its log so far. */
  readonly lines: Line[] = [];
  /** What it wrote that is no log line, on either stream. */
  readonly noise: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #listeners = new Set<() => void>();

  constructor({ workplace, org, args = [], env = {} }: DaemonProcessOptions) {
    this.child = spawn(
      process.execPath,
      [BIN, 'run', '--config', workplace.routesFile, '--state', workplace.state, ...args],
      {
        cwd: workplace.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH ?? '',
          HOME: workplace.folder,
          OKTA_ORG_URL: org.url,
          OKTA_API_KEY: org.token,
          ...env,
        },
      },
    );
    createInterface({ input: this.child.stdout! }).on('line', (text) => this.#read(text));
    createInterface({ input: this.child.stderr! }).on('line', (text) => this.noise.push(text));
    this.ended = new Promise((done) => {
      this.child.once('close', (code, signal) => {
        done({ code, signal });
        this.#tell();
      });
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** As a power cut: nothing is flushed, nothing closed. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM; resolves when it is gone. */
  async stop(): Promise<Ended> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  said(message: string): Line[] {
    return this.lines.filter(({ msg }) => msg === message);
  }

  /** Resolves with the `count`th line that says `message`; rejects if the daemon ends first. */
  async untilSaid(message: string, count = 1): Promise<Line> {
    await this.until(() => this.said(message).length >= count, `"${message}" in the log`);
    return this.said(message)[count - 1]!;
  }

  /** Looks again at each log line and every 50 ms; fails when the daemon ends or `patienceMs` have passed. */
  async until(
    isSo: () => boolean | Promise<boolean>,
    what: string,
    patienceMs = PATIENCE_MS,
  ): Promise<void> {
    const clock = new SystemClock();
    const from = clock.monotonic();
    while (!(await isSo())) {
      const waitedMs = clock.monotonic() - from;
      if (!this.isRunning || waitedMs > patienceMs) assert.fail(this.#report(what, waitedMs));
      await this.#nextLine(clock);
    }
  }

  async #nextLine(clock: SystemClock): Promise<void> {
    const came = new AbortController();
    const tell = () => came.abort();
    this.#listeners.add(tell);
    await clock.sleep(50, came.signal);
    this.#listeners.delete(tell);
  }

  #read(text: string): void {
    try {
      this.lines.push(JSON.parse(text));
    } catch {
      this.noise.push(text);
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #report(what: string, waitedMs: number): string {
    // Whoever waits for it in vain has no use for it; a child left behind would keep the test's process alive.
    this.child.kill('SIGKILL');
    const state = this.isRunning ? 'still runs' : `ended with ${this.child.exitCode}`;
    if (process.env.LOGHOOK_TEST_LOG) {
      const text = this.lines.map((line) => JSON.stringify(line)).join('\n');
      writeFileSync(process.env.LOGHOOK_TEST_LOG, text);
    }
    const last = this.lines.slice(-15).map((line) => JSON.stringify(line));
    return [
      `waited ${Math.round(waitedMs)} ms for ${what}; the daemon ${state}`,
      ...last,
      ...this.noise.slice(-15),
    ].join('\n');
  }
}
