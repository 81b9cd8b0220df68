/** One life of the real daemon, from its start to its end. Its log is counted as it comes, and not kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SystemClock } from '../../src/clock.ts';
import { BIN } from '../support/loghook.ts';
import { heldBytes, INSPECTOR_LINES, INSPECTOR_OPTIONS, INSPECTOR_URL } from './heap.ts';

const clock = new SystemClock();
const MOST_RECENT = 25;
const MOST_STDERR = 10_000;
const PATIENCE_MS = 240_000;

export interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Life {
  readonly #child: ChildProcess;
  readonly #counts = new Map<string, number>();
  readonly #ended: Promise<number | null>;
  /** The newest lines of its log, without those of attempts. */
  readonly recent: string[] = [];
  #stderr = '';
  /** What each org said when it had stopped. */
  readonly stopped = new Map<string, Readonly<Record<string, unknown>>>();
  /** Where its admin server listens. */
  adminAddress: string | undefined;

  constructor({ cwd, env }: Place, args: readonly string[] = []) {
    this.#child = spawn(process.execPath, [BIN, 'run', '--log-format', 'json', ...args], {
      cwd,
      env: { ...env, NODE_OPTIONS: INSPECTOR_OPTIONS },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface({ input: stdout }).on('line', (line) => this.#take(line));
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-MOST_STDERR);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve(code));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it complained of. */
  get stderr(): string {
    return this.#stderr.replaceAll(INSPECTOR_LINES, '');
  }

  /** What it holds on to when its garbage is gone. */
  async heldBytes(): Promise<number> {
    const url = () => INSPECTOR_URL.exec(this.#stderr)?.[1];
    if (url() === undefined) this.signal('SIGUSR1');
    await until(() => url() !== undefined, 'its inspector', this);
    return heldBytes(url() ?? '');
  }

  get isRunning(): boolean {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null;
  }

  /** How often it has said `message`: of this org, or of any. */
  count(message: string, org?: string): number {
    return this.#counts.get(keyOf(message, org)) ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }

  /** Until it has said `message` of this org more than `before` times. */
  async said(message: string, org: string, before = 0): Promise<void> {
    await until(() => this.count(message, org) > before, `"${message}" of ${org}`, this);
  }

  #take(line: string): void {
    if (!line.startsWith('{')) return;
    const parsed: Readonly<Record<string, unknown>> = JSON.parse(line);
    const message = String(parsed.msg);
    const org = String(parsed.org);
    this.#counts.set(keyOf(message), this.count(message) + 1);
    this.#counts.set(keyOf(message, org), this.count(message, org) + 1);
    if (message === 'starting') this.adminAddress = String(parsed.admin);
    if (message === 'stopped') this.stopped.set(org, parsed);
    if (message === 'delivery attempted' || message === 'event owed') return;
    this.recent.push(line.slice(0, 400));
    if (this.recent.length > MOST_RECENT) this.recent.shift();
  }
}

function keyOf(message: string, org = ''): string {
  return `${org} ${message}`;
}

/** Looks every 50 ms; rejects when `life` ends or it takes far too long. */
export async function until(isSo: () => boolean, what: string, life: Life): Promise<void> {
  const from = clock.monotonic();
  while (!isSo()) {
    if (!life.isRunning || clock.monotonic() - from > PATIENCE_MS) {
      const state = life.isRunning ? 'still runs' : 'has ended';
      throw new Error(
        `waited for ${what}; the daemon ${state}\n${life.recent.join('\n')}\n${life.stderr}`,
      );
    }
    await clock.sleep(50);
  }
}

/** A command beside the daemon, as a person runs it. */
export function command({ cwd, env }: Place, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const from of ['stdout', 'stderr'] as const) {
    child[from].setEncoding('utf8').on('data', (chunk: string) => {
      text[from] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...text }));
  });
}
