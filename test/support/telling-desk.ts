/** What tells people, on a fake clock and a real outbox that can be closed and opened again; alerts as they are owed. */
import type { TestContext } from 'node:test';
import { openTelling } from '../../src/cli/run/telling.ts';
import { Sender } from '../../src/delivery/attempt.ts';
import { type Log, openLog } from '../../src/log.ts';
import type { Route } from '../../src/routing/route.ts';
import type { RouteState } from '../../src/state/outbox.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { ALERTS_KEY, type Telling, type ToldRoute } from '../../src/status/telling/telling.ts';
import { FakeClock } from './fake-clock.ts';
import { allTo, eventsOf, never, pageOf, takeDue } from './outbox-events.ts';
import { tempFolder } from './temp-folder.ts';

export const ALERTS: ToldRoute = { key: ALERTS_KEY, name: ALERTS_KEY };
export const SIEM: ToldRoute = { key: 'name:siem', name: 'siem' };

export interface Alert {
  readonly id: string;
  readonly eventType: string;
  readonly displayMessage: string;
  readonly severity: string;
  readonly outcome: { readonly result: string; readonly reason?: string };
  readonly target: readonly { readonly id: string }[];
  readonly debugContext: { readonly debugData: Readonly<Record<string, unknown>> };
}

export class TellingDesk {
  readonly clock = new FakeClock();
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  outbox!: SqliteOutbox; // opened by `open`, which makes every desk
  telling!: Telling;
  readonly #log: Log;
  readonly #folder: string;
  readonly #sender: Sender;
  readonly #heartbeat: Route | undefined;
  #routes: readonly ToldRoute[];
  #events = 1;

  private constructor(t: TestContext, routes: readonly ToldRoute[], heartbeat?: Route) {
    this.#log = openLog('debug', { write: (line) => this.lines.push(JSON.parse(line)) });
    this.#folder = tempFolder(t);
    this.#routes = routes;
    this.#heartbeat = heartbeat;
    this.#sender = new Sender(this.clock);
    t.after(async () => {
      await this.#sender.close();
      await this.outbox.close();
    });
  }

  static async open(
    t: TestContext,
    routes: readonly ToldRoute[] = [SIEM, ALERTS],
    heartbeat?: Route,
  ): Promise<TellingDesk> {
    const desk = new TellingDesk(t, routes, heartbeat);
    await desk.#start();
    return desk;
  }

  /** As after a crash, when `crash`: nothing is concluded. */
  async restart(crash = false): Promise<void> {
    if (!crash) await this.telling.close();
    await this.outbox.close();
    await this.#start();
  }

  async reload(routes: readonly ToldRoute[]): Promise<void> {
    this.#routes = routes;
    await this.outbox.adopt(routes);
    await this.telling.inForce(routes);
  }

  /** Time passes; what is due is told once a second, as the daemon does. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await this.clock.advance(1_000);
      await this.telling.tick();
    }
  }

  /** As the daemon says it: told first, saved then. */
  async state(state: RouteState, route = SIEM): Promise<void> {
    this.telling.routeChanged(route.key, state);
    await this.outbox.saveRouteState(route.key, state);
  }

  hold(why = '401 unauthorized', until: number | undefined = this.clock.now()): Promise<void> {
    return this.state({ kind: 'held', why, since: this.clock.now(), ...(until && { until }) });
  }

  flow(): Promise<void> {
    return this.state({ kind: 'flowing' });
  }

  /** A page with so many events for the route is read. */
  async page(count = 0, options: { readonly full?: boolean; readonly route?: ToldRoute } = {}) {
    const { full = false, route = SIEM } = options;
    const events = eventsOf(this.#events, count);
    this.#events += count;
    const committed = await this.outbox.commit(pageOf(events), allTo(route), never);
    await this.telling.read({ full }, committed?.owed ?? []);
  }

  /** Reads an empty page every 15 s. */
  async poll(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 15_000) {
      await this.pass(15_000);
      await this.page();
    }
  }

  async trouble(why: string, isRefusal = false): Promise<void> {
    await this.outbox.saveTrouble(why);
    await this.clock.advance(1); // on a real clock the two have not the same instant
    this.telling.trouble({ why, isRefusal });
  }

  /** All that was ever owed to the alerts route, in order. */
  async alerts(): Promise<Alert[]> {
    await this.clock.advance(0);
    const taken = await takeDue(this.outbox, ALERTS, this.clock.now());
    for (const delivery of taken) this.outbox.release(ALERTS, delivery);
    return taken.map(({ event }) => ({ ...JSON.parse(event.raw.toString()), id: event.id }));
  }

  async kinds(): Promise<string[]> {
    return (await this.alerts()).map(({ eventType }) => eventType.replace('loghook.', ''));
  }

  said(message: string): Readonly<Record<string, unknown>>[] {
    return this.lines.filter(({ msg }) => msg === message);
  }

  async #start(): Promise<void> {
    const { clock } = this;
    const log = this.#log;
    this.outbox = SqliteOutbox.open({ folder: this.#folder, clock, log, pid: process.pid });
    await this.outbox.adopt(this.#routes);
    const parts = {
      version: '1.2.3',
      org: 'acme.okta.com',
      userAgent: 'loghook/1.2.3',
      outbox: this.outbox,
      sender: this.#sender,
      clock,
      log,
    };
    this.telling = openTelling(parts, this.#heartbeat);
    await this.telling.inForce(this.#routes);
  }
}
