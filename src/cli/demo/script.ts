/** What happens in the demo, and when: events, a late one, a 429 from the org, a receiver that fails and recovers. */
import type { Clock } from '../../clock.ts';
import { practiceEvent, type Random, seededRandom } from '../../practice/events.ts';
import type { PracticeOrg } from '../../practice/org.ts';
import type { PracticeReceiver } from '../../practice/receiver.ts';
import { clock as timeOfDay } from '../terminal/drawing.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Account } from './account.ts';

export interface Stage {
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly org: PracticeOrg;
  readonly receivers: {
    readonly everything: PracticeReceiver;
    readonly 'sign-ins': PracticeReceiver;
  };
  readonly account: Account;
}

interface ScriptOptions {
  /** How many events happen while the scenes are played. */
  readonly events: number;
  /** Whether more of them happen afterwards, until `stop` aborts. */
  readonly follow: boolean;
  readonly stop: AbortSignal;
}

const LENGTH_MS = 16_000;
const STEP_MS = 250;
const LATE_MS = 4 * 60_000;
/** In log before the daemon starts: a first start reads from two minutes ago. */
const BEFORE_START = 3;
const AFTERWARDS_EVERY_MS = 500;
/** The same events in every demo, so that every demo shows the same. */
const SEED = 35;

interface Scene {
  readonly atMs: number;
  readonly play: (show: Show) => void;
}

const SCENES: readonly Scene[] = [
  { atMs: 2_500, play: (show) => show.refuseOnce() },
  { atMs: 4_000, play: (show) => show.breakSignIns() },
  { atMs: 8_500, play: (show) => show.addLate() },
  { atMs: 14_000, play: (show) => show.mendSignIns() },
];

/** Resolves when it is over or `stop` aborts; the receivers answer rightly from then on. */
export async function script(stage: Stage, options: ScriptOptions): Promise<void> {
  const { events, follow, stop } = options;
  const show = new Show(stage);
  const waiting = [...SCENES];
  let made = 0;
  for (; made < Math.min(BEFORE_START, events - 1); made++) show.add(60_000 / (made + 1));
  for (let at = STEP_MS; at <= LENGTH_MS && !stop.aborted; at += STEP_MS) {
    await stage.clock.sleep(STEP_MS, stop);
    while (waiting[0] !== undefined && waiting[0].atMs <= at) waiting.shift()?.play(show);
    // One of them is the late one, which has its own moment.
    const soFar = BEFORE_START + ((events - BEFORE_START) * at) / LENGTH_MS;
    for (; made < soFar - 1 && made < events - 1; made++) show.add();
  }
  while (follow && !stop.aborted) {
    await stage.clock.sleep(AFTERWARDS_EVERY_MS, stop);
    show.add();
  }
  show.mendSignIns();
}

class Show {
  readonly #stage: Stage;
  readonly #random: Random;
  #broken = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#random = seededRandom(SEED);
    for (const name of ['everything', 'sign-ins'] as const) this.#open(name);
  }

  add(agoMs = 0): void {
    const at = this.#stage.clock.now() - agoMs;
    this.#add(at, at);
  }

  addLate(): void {
    const now = this.#stage.clock.now();
    const id = this.#add(now - LATE_MS, now).slice(0, 8);
    this.#say(`a late event, ${id}: it is 4 min old, and only now in the log`);
  }

  /** Okta says how long to wait; here it is about two seconds. */
  refuseOnce(): void {
    const reset = Math.ceil(this.#stage.clock.now() / 1_000) + 2;
    const headers = { 'x-rate-limit-reset': String(reset) };
    this.#stage.org.fail({ kind: 'status', status: 429, headers });
    this.#say('the org answers 429 (too many requests): loghook waits as told');
  }

  breakSignIns(): void {
    this.#broken = true;
    this.#say('the receiver of "sign-ins" answers 500 from now on');
  }

  mendSignIns(): void {
    if (!this.#broken) return;
    this.#broken = false;
    this.#say('the receiver of "sign-ins" works again; loghook will soon find out');
  }

  /** Returns the event's id. */
  #add(publishedAt: number, persistedAt: number): string {
    const raw = practiceEvent(this.#random, publishedAt);
    const id = this.#stage.account.made(raw, this.#stage.clock.now());
    this.#stage.org.add(raw, { publishedAt, persistedAt });
    return id;
  }

  #open(name: 'everything' | 'sign-ins'): void {
    const { account, clock, receivers } = this.#stage;
    receivers[name].answer = ({ id, body }) => {
      if (name === 'sign-ins' && this.#broken) return { status: 500 };
      account.delivered(name, id, body, clock.now());
      return { status: 204 };
    };
  }

  #say(text: string): void {
    const { clock, terminal } = this.#stage;
    terminal.say(`${timeOfDay(new Date(clock.now()).toISOString())} * ${text}`);
  }
}
