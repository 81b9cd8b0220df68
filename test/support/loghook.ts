/** Runs the real bin/loghook.js as users do, in a home and a folder of its own. Whatever is started dies with its test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { practiceEvent, seededRandom } from '../../src/practice/events.ts';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { PracticeReceiver } from '../../src/practice/receiver.ts';

/** From dist/test/support. */
export const BIN = fileURLToPath(new URL('../../../bin/loghook.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Leave stdout or stderr to the test, which has to read or close it. */
  readonly raw?: boolean;
}

/** A folder to stand in, with a home and no settings from outside. */
export class Sandbox {
  readonly cwd: string;
  readonly home: string;
  readonly #started: Loghook[] = [];

  constructor(t: TestContext) {
    const root = mkdtempSync(join(tmpdir(), 'loghook-e2e-'));
    t.after(async () => {
      await Promise.all(this.#started.map((loghook) => loghook.stop('SIGKILL')));
      rmSync(root, { recursive: true, force: true });
    });
    this.cwd = join(root, 'here');
    this.home = join(root, 'home');
    mkdirSync(this.cwd);
    mkdirSync(this.home);
  }

  write(name: string, text: string): string {
    const path = join(this.cwd, name);
    writeFileSync(path, text);
    return path;
  }

  start(args: readonly string[], options: StartOptions = {}): Loghook {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.cwd,
      env: { PATH, HOME: this.home, TZ: 'UTC', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const loghook = new Loghook(child, options.raw === true);
    this.#started.push(loghook);
    return loghook;
  }

  /** Runs it to its end. */
  run(args: readonly string[], options?: StartOptions): Promise<Ended> {
    return this.start(args, options).ended;
  }
}

type StreamName = 'stdout' | 'stderr';

interface Waiter {
  readonly from: StreamName;
  readonly matches: (line: string) => boolean;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

export class Loghook {
  readonly child: ChildProcess;
  /** Resolves when it has ended and all of its output is here. */
  readonly ended: Promise<Ended>;
  readonly #text = { stdout: '', stderr: '' };
  readonly #waiters = new Set<Waiter>();

  constructor(child: ChildProcess, raw: boolean) {
    this.child = child;
    for (const from of ['stdout', 'stderr'] as const) {
      if (raw) continue;
      child[from]?.setEncoding('utf8').on('data', (text: string) => this.#take(from, text));
    }
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        for (const { reject } of this.#waiters) {
          reject(new Error(`it ended (${code ?? signal}) first:\n${this.stdout}\n${this.stderr}`));
        }
        resolve({ code, signal, ...this.#text });
      });
    });
  }

  get stdout(): string {
    return this.#text.stdout;
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  /** The first whole line that matches, seen already or still to come; rejects if the process ends without. */
  line(from: StreamName, pattern: RegExp | ((line: string) => boolean)): Promise<string> {
    const matches = pattern instanceof RegExp ? (line: string) => pattern.test(line) : pattern;
    const seen = this.#text[from].split('\n').slice(0, -1).find(matches);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      this.#waiters.add({ from, matches, resolve, reject });
    });
  }

  /** The first JSON line of the log with this message (and, if given, these fields). */
  async logged(
    msg: string,
    fields: Readonly<Record<string, unknown>> = {},
    from: StreamName = 'stdout',
  ): Promise<Record<string, unknown>> {
    const wanted = Object.entries(fields);
    const line = await this.line(from, (text) => {
      if (!text.includes(`"msg":${JSON.stringify(msg)}`)) return false;
      const parsed = JSON.parse(text);
      return wanted.every(([name, value]) => parsed[name] === value);
    });
    return JSON.parse(line);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  #take(from: StreamName, text: string): void {
    const before = this.#text[from];
    this.#text[from] = before + text;
    const start = before.lastIndexOf('\n') + 1;
    const lines = this.#text[from].slice(start).split('\n').slice(0, -1);
    for (const waiter of [...this.#waiters]) {
      const found = waiter.from === from ? lines.find(waiter.matches) : undefined;
      if (found === undefined) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(found);
    }
  }
}

/** A practice org that is closed with the test, and the settings that lead to it. */
export async function openOrg(t: TestContext, options: PracticeOrgOptions = {}) {
  const org = await PracticeOrg.open({ rateLimit: 6_000, ...options });
  t.after(() => org.close());
  const env = { OKTA_ORG_URL: org.url, OKTA_API_KEY: org.token };
  return { org, env };
}

export async function openReceiver(t: TestContext): Promise<PracticeReceiver> {
  const receiver = await PracticeReceiver.open();
  t.after(() => receiver.close());
  return receiver;
}

/** Adds `count` events that happened `agoMs` ago; returns their bytes. */
export function addEvents(org: PracticeOrg, count: number, agoMs = 10_000, seed = 1): Buffer[] {
  const random = seededRandom(seed);
  const at = Date.now() - agoMs;
  return Array.from({ length: count }, () => {
    const raw = practiceEvent(random, at);
    org.add(raw, { publishedAt: at, persistedAt: at });
    return raw;
  });
}

/** A promise that the test settles. Node 20 has no Promise.withResolvers. */
export function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
} {
  let resolve: ((value: T) => void) | undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value) => resolve?.(value) };
}
