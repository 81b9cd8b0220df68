/**
 * A trial: the real daemon with a signed route to a receiver in trouble and another to a neighbour that is well. At its
 * end the promises are held against what was seen: nothing lost against the ledger, ids constant, bytes unchanged, every
 * attempt verifies, no secret in any output, the neighbour unaffected.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { PracticeOrg } from '../../src/practice/org.ts';
import type { Answer, PracticeReceiver, ReceivedRequest } from '../../src/practice/receiver.ts';
import { DATABASE_FILE } from '../../src/state/database/folder.ts';
import { openDatabase } from '../../src/state/database/sqlite.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { addEvents, type Ended, openOrg, openReceiver, Sandbox } from './loghook.ts';

/** Stands in every secret that must not be seen. */
const MARK = 'S3CRET';
const SIGNING_KEY = Buffer.from(`${MARK}-signing-key-of-the-trials`);
export const SIGNING_SECRET = `whsec_${SIGNING_KEY.toString('base64')}`;
const MARKS = [MARK, SIGNING_SECRET.slice(6), Buffer.from(MARK).toString('base64').slice(0, 7)];

/** Where an event stands on a route: what the ledger, the queue and the dead letters say. */
export type Standing = 'delivered' | 'dropped' | 'owed' | 'dead';

export interface TrialOptions {
  /** Of the route in trouble, as loghook.yaml has them. */
  readonly route?: Readonly<Record<string, unknown>>;
  /** How its receiver answers; `nth` counts the requests for this event from 1. */
  readonly answer?: (request: ReceivedRequest, nth: number) => Answer;
  /** Where the route leads instead of to a practice receiver. */
  readonly url?: string;
  readonly env?: DaemonOptions['env'];
  readonly args?: readonly string[];
}

export class Trial {
  readonly org: PracticeOrg;
  readonly sandbox: Sandbox;
  readonly troubled: PracticeReceiver;
  readonly neighbour: PracticeReceiver;
  daemon: Daemon;
  readonly #options: TrialOptions;
  readonly #raws = new Map<string, Buffer>();
  readonly #unverified: string[] = [];
  #seed = 0;

  static async open(t: TestContext, options: TrialOptions = {}): Promise<Trial> {
    const { org } = await openOrg(t, { token: `${MARK}-token` });
    const troubled = await openReceiver(t);
    const neighbour = await openReceiver(t);
    return new Trial(t, org, { troubled, neighbour }, options);
  }

  private constructor(
    t: TestContext,
    org: PracticeOrg,
    receivers: { readonly troubled: PracticeReceiver; readonly neighbour: PracticeReceiver },
    options: TrialOptions,
  ) {
    this.org = org;
    this.troubled = receivers.troubled;
    this.neighbour = receivers.neighbour;
    this.#options = options;
    // At once, as a receiver does: a signature is good for five minutes, and a trial may last longer.
    for (const receiver of [this.troubled, this.neighbour]) {
      receiver.onReceived((request) => this.#verify(request));
    }
    this.sandbox = new Sandbox(t);
    this.daemon = this.start();
    this.answerWith(options.answer);
  }

  /** Starts the daemon (again), on the state that is there. */
  start(): Daemon {
    const { url, route, env, args = [] } = this.#options;
    const shared = { match: '.', secrets: [SIGNING_SECRET] };
    const routes = [
      {
        name: 'troubled',
        url: url ?? `${this.troubled.url}/${MARK}-path`,
        headers: { 'x-api-key': `${MARK}-key` },
        ...shared,
        ...route,
      },
      { name: 'neighbour', url: `${this.neighbour.url}/${MARK}-path`, ...shared },
    ];
    this.daemon = new Daemon(this.sandbox, {
      org: this.org,
      routes: { yaml: { routes } },
      args: ['--interval', '1s', ...args],
      ...(env && { env }),
    });
    return this.daemon;
  }

  /** How the receiver in trouble answers from now on. */
  answerWith(answer: TrialOptions['answer']): void {
    const seen = new Map<string, number>();
    this.troubled.answer = (request) => {
      const nth = (seen.get(request.id ?? '') ?? 0) + 1;
      seen.set(request.id ?? '', nth);
      return answer?.(request, nth) ?? { status: 204 };
    };
  }

  /** Adds events of a moment ago; returns their ids. */
  write(count: number): string[] {
    this.#seed += 1;
    return addEvents(this.org, count, 1_000, this.#seed).map((raw) => this.#remember(raw));
  }

  /** Adds an event with bytes of the test's own; returns its id. */
  writeRaw(raw: Buffer, id: string): string {
    this.org.add(raw);
    this.#raws.set(id, raw);
    return id;
  }

  /** Where each event stands on a route. Fails when one stands nowhere, or in two places. */
  standing(route: 'troubled' | 'neighbour'): Map<string, Standing> {
    const database = openDatabase(this.#databasePath(), { readOnly: true });
    try {
      const rows = database
        .prepare(
          `SELECT events.id, 'owed' AS place FROM owed JOIN events USING (seq) JOIN routes ON routes.id = route WHERE name = ?1
           UNION ALL SELECT events.id, 'dead' FROM dead JOIN events USING (seq) JOIN routes ON routes.id = route WHERE name = ?1
           UNION ALL SELECT events.id, result FROM ledger JOIN events USING (seq) JOIN routes ON routes.id = route WHERE name = ?1`,
        )
        .all(route);
      const found = new Map<string, Standing>();
      for (const { id, place } of rows) {
        assert.ok(!found.has(String(id)), `${id} stands in two places on ${route}`);
        found.set(String(id), place as Standing); // the SELECT names nothing else
      }
      for (const id of this.#raws.keys()) assert.ok(found.has(id), `${id} is lost on ${route}`);
      return found;
    } finally {
      database.close();
    }
  }

  /** Resolves when so many events were accepted by the receiver in trouble. */
  async untilAccepted(count: number, patienceMs?: number): Promise<void> {
    const { troubled } = this;
    const what = `${count} accepted by the receiver in trouble`;
    await this.daemon.untilNone(() => count - troubled.accepted, what, patienceMs);
  }

  /** Resolves when all events written so far were accepted by the receiver in trouble, but for so many. */
  async untilAllAcceptedBut(refused: number): Promise<void> {
    await this.untilAccepted(this.#raws.size - refused);
  }

  /** Resolves when the daemon's log tells of so many deliveries of the route in trouble. */
  async untilRecorded(count: number): Promise<void> {
    const delivered = () =>
      this.daemon
        .said('delivery attempted')
        .filter(({ route, outcome }) => route === 'troubled' && outcome === 'delivered').length;
    await this.daemon.untilNone(() => count - delivered(), `${count} deliveries recorded`);
  }

  /** Adds an event now and then, so that others get through, until `isSo`. */
  async feedUntil(isSo: () => boolean, what: string): Promise<void> {
    let fedAt = 0;
    await this.daemon.until(() => {
      const now = Date.now();
      if (now - fedAt > 300) {
        this.write(1);
        fedAt = now;
      }
      return isSo();
    }, what);
  }

  /** A command beside the daemon, on its state. */
  run(args: readonly string[]): Promise<Ended> {
    const env = { OKTA_ORG_URL: this.org.url };
    return this.sandbox.run([...args, '--state', 'state'], { env });
  }

  /** Waits for the neighbour, stops the daemon, and holds all promises against what was seen. */
  async end(): Promise<{ troubled: Map<string, Standing>; output: string }> {
    const { daemon, neighbour } = this;
    const all = this.#raws.size;
    await daemon.untilNone(() => all - neighbour.accepted, `the neighbour's ${all} events`);
    const ended = await daemon.stop();
    const shown = await Promise.all(
      [['status'], ['status', '--json'], ['dead', 'list', '--json'], ['deliveries', '--json']].map(
        (args) => this.run(args),
      ),
    );
    const output = [ended, ...shown].map(({ stdout, stderr }) => stdout + stderr).join('\n');

    assert.equal(ended.code, 0, ended.stderr);
    for (const mark of MARKS) assert.ok(!output.includes(mark), `${mark} was shown`);
    for (const request of [...this.troubled.received, ...neighbour.received]) this.#check(request);
    assert.deepEqual(this.#unverified, []);
    this.#checkNeighbour();
    return { troubled: this.standing('troubled'), output };
  }

  #check({ id = '', body }: ReceivedRequest): void {
    const raw = this.#raws.get(id);
    assert.ok(raw !== undefined, `a request came for ${id}, which the org never wrote`);
    assert.ok(raw.equals(body), `${id} came with other bytes`);
  }

  #verify({ id = '', body, headers }: ReceivedRequest): void {
    try {
      // What comes back is the parsed body, which may hold anything.
      new Webhook(SIGNING_SECRET).verify(body, {
        'webhook-id': id,
        'webhook-timestamp': String(headers['webhook-timestamp']),
        'webhook-signature': String(headers['webhook-signature']),
      });
    } catch (error) {
      this.#unverified.push(`${id}: ${error}`);
    }
  }

  #checkNeighbour(): void {
    const { received } = this.neighbour;
    assert.deepEqual(
      received.map(({ id, attempt }) => `${id} ${attempt}`).sort(),
      [...this.#raws.keys()].map((id) => `${id} 1`).sort(),
      'the neighbour got each event once, at the first attempt',
    );
    assert.ok([...this.standing('neighbour').values()].every((place) => place === 'delivered'));
  }

  #databasePath(): string {
    const state = join(this.sandbox.cwd, 'state');
    const found = readdirSync(state, { recursive: true, encoding: 'utf8' });
    return join(state, found.find((name) => name.endsWith(DATABASE_FILE)) ?? DATABASE_FILE);
  }

  #remember(raw: Buffer): string {
    const { uuid } = JSON.parse(raw.toString());
    this.#raws.set(uuid, raw);
    return uuid;
  }
}
