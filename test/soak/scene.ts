/** One org of the soak: it writes, misbehaves, and its receiver keeps a record of its own of what came. */
import { SystemClock } from '../../src/clock.ts';
import { practiceEvent, type Random, seededRandom } from '../../src/practice/events.ts';
import { type Fault, type PracticeApp, PracticeOrg } from '../../src/practice/org.ts';
import { int, pick } from '../../src/practice/random.ts';
import {
  type Answer,
  PracticeReceiver,
  type ReceivedRequest,
} from '../../src/practice/receiver.ts';
import { readWritten } from '../support/model/pairs.ts';
import { Reception } from '../support/reception.ts';
import { verifies } from '../support/verifies.ts';
import { Answers, SOAK_ROUTES } from './routes.ts';

const clock = new SystemClock();
const WRITE_EVERY_MS = 50;
const LATE_MS = 4_000;
const FAULT_EVERY_MS = 2_000;
const GOOD_BETWEEN = 3;
const HISTORY_MS = 30 * 60_000;

/**
 * Also what a real org's proxy, network or outage makes of an answer. Not what makes loghook wait a minute (a link that
 * leads away, refused credentials); and a rate limit is over soon.
 */
function orgFaults(): readonly Fault[] {
  const soon = { 'x-rate-limit-reset': String(Math.ceil(clock.now() / 1_000) + 2) };
  return [
    ...[500, 502, 503].map((status): Fault => ({ kind: 'status', status })),
    { kind: 'status', status: 429, headers: soon },
    { kind: 'reset' },
    { kind: 'truncate', afterBytes: 700 },
    { kind: 'cut-json', afterBytes: 300 },
    { kind: 'html' },
    { kind: 'slow', ms: 1_500 },
    { kind: 'stale-link' },
    { kind: 'no-link' },
    { kind: 'body', body: Buffer.from('{"errorCode":"E0000009"}') },
  ];
}

export interface SceneOptions {
  readonly name: string;
  readonly seed: number;
  /** Events a second. */
  readonly rate: number;
  /** A service app; without one the token is used. */
  readonly app?: PracticeApp;
  /** Signs what goes to /siem. */
  readonly secret: string;
}

export class Scene {
  readonly name: string;
  readonly secret: string;
  readonly org: PracticeOrg;
  readonly receiver: PracticeReceiver;
  readonly answers: Answers;
  readonly reception: Reception;
  readonly #rate: number;
  readonly #hasApp: boolean;
  readonly #random: Random;
  readonly #raws = new Map<string, Buffer>();
  /** `ROUTE ID` of what is wanted and was not taken yet. */
  readonly owed = new Set<string>();
  /** Ids that a person asked /siem to be sent again, and that have not come yet. */
  readonly asked = new Set<string>();
  readonly everAsked = new Set<string>();
  readonly #taken: string[] = [];
  readonly #mayRepeat = new Set<string>();
  isWriting = false;
  /** The org cannot be read at all; its other faults wait meanwhile. */
  #isOut = false;
  orgFaultCount = 0;

  static async open(options: SceneOptions): Promise<Scene> {
    const apps = options.app === undefined ? {} : { apps: [options.app] };
    const org = await PracticeOrg.open({ rateLimit: 3_000, ...apps });
    const receiver = await PracticeReceiver.open({ keepRequests: 1 });
    return new Scene(options, org, receiver);
  }

  private constructor(options: SceneOptions, org: PracticeOrg, receiver: PracticeReceiver) {
    this.name = options.name;
    this.secret = options.secret;
    this.#rate = options.rate;
    this.#hasApp = options.app !== undefined;
    this.#random = seededRandom(options.seed);
    this.org = org;
    this.receiver = receiver;
    this.answers = new Answers(seededRandom(options.seed + 1));
    this.reception = new Reception((id) => this.#raws.get(id));
    receiver.answer = (request) => this.#receive(request);
  }

  get written(): number {
    return this.#raws.size;
  }

  get isDelivered(): boolean {
    return this.owed.size === 0 && this.asked.size === 0;
  }

  /** What the receivers still wait for, by route, and one of each. */
  toCome(): string {
    const routes = SOAK_ROUTES.flatMap(({ name }) => {
      const lacking = [...this.owed].filter((one) => one.startsWith(`${name} `));
      const [first = ''] = lacking;
      return first === '' ? [] : [`${lacking.length} LOST or stuck, the first is ${first}`];
    });
    const replays = [...this.asked].map((id) => `the replay of ${id} never came`);
    const all = [...routes, ...replays];
    return all.length === 0 ? 'all came, and it does not say so' : all.join('; ');
  }

  mayRepeat(id: string): boolean {
    return this.#mayRepeat.has(id);
  }

  /** Returns their ids. */
  write(count: number): string[] {
    return Array.from({ length: count }, () => {
      const now = clock.now();
      const isLate = this.#random() < 0.1;
      return this.#add(now, isLate ? now + int(this.#random, LATE_MS) : now);
    });
  }

  /** Whether /siem, which gets all, has taken it. */
  isTaken(id: string): boolean {
    return this.reception.has('/siem', id);
  }

  /** What happened before the first start: only a backfill brings it. */
  writeHistory(count: number): void {
    const from = clock.now() - HISTORY_MS;
    for (let n = 0; n < count; n += 1) this.#add(from + n, from + n, false);
  }

  /** From now on the history is to come too. */
  wantHistory(): void {
    const wanted = [...this.#raws].slice(0, this.#history);
    for (const [id, raw] of wanted) this.#want(id, readWritten(raw, 0).eventType);
  }
  #history = 0;

  #add(publishedAt: number, persistedAt: number, isWanted = true): string {
    const raw = practiceEvent(this.#random, publishedAt);
    const { id, eventType } = readWritten(raw, persistedAt);
    this.#raws.set(id, raw);
    if (isWanted) this.#want(id, eventType);
    else this.#history += 1;
    this.org.add(raw, { publishedAt, persistedAt });
    return id;
  }

  #want(id: string, eventType: string): void {
    for (const { name, pattern } of SOAK_ROUTES) {
      if (pattern.test(eventType)) this.owed.add(`${name} ${id}`);
    }
  }

  /** Writes and misbehaves, as it is told to, until `stop`. */
  async live(stop: AbortSignal): Promise<void> {
    let faultAt = clock.monotonic();
    let nextAt = 0;
    const aTime = (this.#rate * WRITE_EVERY_MS) / 1_000;
    while (!stop.aborted) {
      if (this.isWriting) this.write(Math.floor(aTime + this.#random()));
      // Not one after the other: who is refused asks less and less often.
      const isDue = clock.monotonic() > faultAt && this.org.requestCount >= nextAt;
      if (this.answers.weather.storm && isDue && !this.#isOut) {
        faultAt = clock.monotonic() + FAULT_EVERY_MS;
        nextAt = this.org.requestCount + GOOD_BETWEEN;
        this.#misbehave();
      }
      await clock.sleep(WRITE_EVERY_MS, stop);
    }
  }

  #misbehave(): void {
    this.orgFaultCount += 1;
    this.org.clearFaults();
    this.org.fail(pick(this.#random, orgFaults()));
    if (!this.#hasApp) return;
    const choice = int(this.#random, 4);
    if (choice === 0) this.org.oauth.revokeTokens();
    if (choice === 1) this.org.oauth.rotateNonce();
    if (choice === 2) this.org.oauth.fail({ kind: 'status', status: 503 });
  }

  /** No request for its log is answered rightly until `heal` or `comeBack`. */
  goOut(how: Fault): void {
    this.#isOut = true;
    this.org.clearFaults();
    this.org.fail(how, Number.POSITIVE_INFINITY);
  }

  comeBack(): void {
    this.#isOut = false;
    this.org.clearFaults();
  }

  /** Everything is well again. */
  heal(): void {
    this.#isOut = false;
    Object.assign(this.answers.weather, { storm: false, held: false, gone: false, fragile: false });
    this.org.clearFaults();
    if (this.#hasApp) this.org.oauth.clearFaults();
  }

  /** One that was taken a while ago, to be asked for again. */
  pickTaken(): string | undefined {
    const old = this.#taken.slice(0, -500).filter((id) => !this.everAsked.has(id));
    return old.length === 0 ? undefined : pick(this.#random, old);
  }

  ask(id: string): void {
    this.asked.add(id);
    this.everAsked.add(id);
  }

  unask(id: string): void {
    this.asked.delete(id);
    this.everAsked.delete(id);
  }

  #receive(request: ReceivedRequest): Answer {
    const { id = '', path, headers } = request;
    const name = path.slice(1);
    this.reception.received(request);
    if (headers['loghook-org'] !== new URL(this.org.url).host) {
      this.reception.faults.push(`${path} got ${id} of ${headers['loghook-org']}`);
    }
    if (name === 'siem' && !verifies(request, this.secret)) {
      this.reception.faults.push(`${path} got ${id}, whose signature is wrong`);
    }
    const { answer, taken } = this.answers.to(name, request);
    // What was taken may never be seen where the connection is cut right behind it.
    if (answer.kind === 'status-then-reset') this.#mayRepeat.add(id);
    if (taken) {
      this.reception.accepted(request);
      this.owed.delete(`${name} ${id}`);
      if (name === 'siem') this.#taken.push(id);
      if (name === 'siem' && headers['loghook-replay'] === 'true') this.asked.delete(id);
    }
    return answer;
  }

  async close(): Promise<void> {
    await Promise.all([this.org.close(), this.receiver.close()]);
  }
}
