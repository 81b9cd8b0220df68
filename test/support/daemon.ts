/** The real daemon, `loghook run`, as the heavy suites need it: its log as lines, and waiting for what it does. */
import assert from 'node:assert/strict';
import { SystemClock } from '../../src/clock.ts';
import type { Ended, Loghook, Sandbox, StartOptions } from './loghook.ts';

/** Long after anything that is waited for should have come, on a busy machine too. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 50;
const WARN = 40;

/** A log line: pino's fields and the message. */
export type Line = Readonly<Record<string, unknown>> & {
  readonly msg: string;
  readonly level: number;
};

export interface DaemonOptions extends StartOptions {
  readonly org: { readonly url: string; readonly token: string };
  /** Each a pattern and a URL, for loghook.csv; or what stands in loghook.yaml. */
  readonly routes: readonly (readonly [pattern: string, url: string])[] | { readonly yaml: object };
  readonly args?: readonly string[];
}

export class Daemon {
  readonly loghook: Loghook;

  /** Starts in `sandbox`, on the state that is there from before. */
  constructor(sandbox: Sandbox, { org, routes, args = [], env = {} }: DaemonOptions) {
    if ('yaml' in routes)
      sandbox.write('loghook.yaml', JSON.stringify(routes.yaml)); // YAML holds all of JSON
    else
      sandbox.write(
        'loghook.csv',
        routes.map(([pattern, url]) => `"${pattern}",${url}\n`).join(''),
      );
    this.loghook = sandbox.start(['run', '--state', 'state', '--log-format', 'json', ...args], {
      env: { OKTA_ORG_URL: org.url, OKTA_API_KEY: org.token, ...env },
    });
  }

  get isRunning(): boolean {
    const { exitCode, signalCode } = this.loghook.child;
    return exitCode === null && signalCode === null;
  }

  get lines(): Line[] {
    const whole = this.loghook.stdout.split('\n').slice(0, -1);
    return whole.map((line) => JSON.parse(line));
  }

  said(message: string): Line[] {
    return this.lines.filter(({ msg }) => msg === message);
  }

  /** What it warned of, but for attempts that failed. */
  warnings(): Line[] {
    return this.lines.filter(
      ({ level, msg }) =>
        level >= WARN && msg !== 'delivery attempted' && msg !== 'setting put right',
    );
  }

  /** As a power cut: nothing is flushed, nothing closed. Resolves when it is gone. */
  kill(): Promise<Ended> {
    return this.loghook.stop('SIGKILL');
  }

  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<Ended> {
    return this.loghook.stop();
  }

  /** Resolves with the first line that says `message`; rejects if the daemon ends first. */
  untilSaid(message: string): Promise<unknown> {
    return this.loghook.logged(message);
  }

  /** Looks every 50 ms; fails when the daemon ends or `patienceMs` have passed. */
  until(isSo: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    return this.untilNone(() => (isSo() ? 0 : 1), what, patienceMs);
  }

  /** The same until nothing is `left`; a busy machine may take its time, as long as there is ever less. */
  async untilNone(left: () => number, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    const clock = new SystemClock();
    let from = clock.monotonic();
    let least = Number.POSITIVE_INFINITY;
    for (let now = left(); now > 0; now = left()) {
      if (now < least) from = clock.monotonic();
      least = Math.min(least, now);
      const waitedMs = clock.monotonic() - from;
      if (!this.isRunning || waitedMs > patienceMs) assert.fail(this.#report(what, waitedMs));
      await clock.sleep(LOOK_EVERY_MS);
    }
  }

  #report(what: string, waitedMs: number): string {
    const { child, stdout, stderr } = this.loghook;
    const state = this.isRunning ? 'still runs' : `ended with ${child.exitCode}`;
    const last = stdout.split('\n').slice(-20).join('\n');
    return `waited ${Math.round(waitedMs)} ms for ${what}; the daemon ${state}\n${last}\n${stderr}`;
  }
}
