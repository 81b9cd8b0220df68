/** The admin server of a process, for all orgs that it reads: each session joins it while it runs. */
import { hostname } from 'node:os';
import { SystemClock } from '../../clock.ts';
import type { AdminSettings } from '../../config/admin.ts';
import { ConfigError, codeOf, reasonOf, StateError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { isDiskFull } from '../../state/database/sqlite.ts';
import type { Asked } from '../../status/admin-doors.ts';
import { AdminServer } from '../../status/admin-server.ts';
import { type Health, healthOf, orgHealth } from '../../status/health.ts';
import { Kept } from '../../status/kept.ts';
import { Metrics } from '../../status/metrics/metrics.ts';
import { type NotReloaded, routesNotReloaded } from '../run/reload.ts';
import { OrgWatch, type Watched } from './org-watch.ts';

export interface AdminParts {
  readonly version: string;
  readonly log: Log;
  /** Whether what is counted says of which org it is. */
  readonly namesOrgs?: boolean;
}

export class Admin {
  readonly #settings: AdminSettings;
  readonly #parts: AdminParts;
  readonly #metrics: Metrics;
  /** By org. */
  readonly #watches = new Map<string, OrgWatch>();
  readonly #clock = new SystemClock();
  readonly #openedAt = this.#clock.monotonic();
  /** Whoever reaches us may ask for them in a loop. */
  readonly #text = new Kept(this.#clock, () => this.#freshText());
  /** Puts the routes file in force again, for all orgs. */
  reloader: (() => Promise<NotReloaded>) | undefined;
  #server: AdminServer | undefined;

  /** @throws ConfigError when it cannot listen there */
  static async open(settings: AdminSettings, parts: AdminParts): Promise<Admin> {
    const admin = new Admin(settings, parts);
    await admin.#listen();
    return admin;
  }

  private constructor(settings: AdminSettings, parts: AdminParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#metrics = new Metrics(parts.version);
  }

  /** `127.0.0.1:9464`. */
  get address(): string {
    return this.#server?.address ?? '';
  }

  /** A session begins; it has to leave before its state is closed. */
  watch(watched: Watched): OrgWatch {
    const watch = this.expect(watched.org);
    watch.join(watched);
    return watch;
  }

  /** This org is to be read from now on, whether or not its session can be opened. */
  expect(org: string): OrgWatch {
    const known = this.#watches.get(org);
    if (known !== undefined) return known;
    const meter = this.#metrics.meter(this.#label(org));
    const watch = new OrgWatch(org, { meter, limits: this.#settings, clock: this.#clock });
    this.#watches.set(org, watch);
    return watch;
  }

  /** This org is not to be read any more. */
  dismiss(org: string): void {
    this.#watches.delete(org);
  }

  /** Never waits for a client. */
  async close(): Promise<void> {
    await this.#server?.close();
  }

  async #listen(): Promise<void> {
    const { address, hosts, token, where } = this.#settings;
    const { log } = this.#parts;
    const names = new Set([...hosts, address.host, hostname().toLowerCase()]);
    try {
      this.#server = await AdminServer.open({
        ...address,
        names,
        ...(token !== undefined && { token }),
        log,
        health: async () => this.#health(),
        metrics: () => this.#text.get(),
        reload: () => this.#reload(),
        change: (word, route, org) => this.#change(word, route, org),
      });
    } catch (error) {
      throw refusedAddress(where, address, error);
    }
    if (address.isLoopback) return;
    log.warn({ admin: this.address }, 'others on the network can read health and metrics');
  }

  #label(org: string): string | undefined {
    return this.#parts.namesOrgs === true ? org : undefined;
  }

  #health(): Health {
    const facts = [...this.#watches.values()].map((watch) => watch.facts());
    return healthOf(facts, this.#clock.monotonic() - this.#openedAt);
  }

  async #freshText(): Promise<{ readonly text: string; readonly type: string }> {
    const samples = [...this.#watches.values()].map((watch) => {
      const org = this.#label(watch.org);
      const isHealthy = orgHealth(watch.facts()).status !== 'failing';
      return { ...watch.sample(), isHealthy, ...(org !== undefined && { org }) };
    });
    const { contentType: type } = this.#metrics;
    return { text: await this.#metrics.text(samples), type };
  }

  async #reload(): Promise<Asked> {
    const kept = (await this.reloader?.()) ?? routesNotReloaded(['loghook is starting']);
    for (const watch of this.#watches.values()) watch.forget();
    this.#text.forget();
    return saidOfReload(kept);
  }

  #refused(word: 'pause' | 'resume', error: unknown): Asked {
    const refused = refusedChange(word, error);
    this.#parts.log.warn({ reason: reasonOf(error) }, 'the admin server could not change a route');
    return refused;
  }

  async #change(word: 'pause' | 'resume', route: string, org: string | undefined): Promise<Asked> {
    const all = [...this.#watches.values()];
    const asked = org === undefined ? all : all.filter((watch) => watch.isCalled(org));
    if (asked.length === 0) {
      return { kind: 'unknown', words: `no org has this name or host: there are ${namesOf(all)}` };
    }
    const meant = asked.filter((watch) => watch.hasRoute(route));
    if (meant.length > 1) {
      return {
        kind: 'unclear',
        words: `several orgs have this route: add ?org= with one of ${namesOf(meant)}`,
      };
    }
    let said: string | undefined;
    try {
      said = await meant[0]?.change(word, route);
    } catch (error) {
      return this.#refused(word, error);
    }
    this.#text.forget();
    if (said !== undefined) return { kind: 'done', words: said };
    return { kind: 'unknown', words: 'no route has this name: see loghook route list' };
  }
}

function saidOfReload({ routes, credentials }: NotReloaded): Asked {
  const inForce = 'the routes are in force';
  if (routes.length > 0) {
    const old = 'the routes are not reloaded, the old ones stay in force';
    return { kind: 'failed', words: [old, ...routes].join('\n') };
  }
  if (credentials.length === 0) return { kind: 'done', words: inForce };
  const old = `${inForce}, but the credentials are not reloaded: the old ones stay in use`;
  return { kind: 'failed', words: [old, ...credentials].join('\n') };
}

/** The path of the state is for the log. @throws what is no trouble of the state's */
function refusedChange(word: string, error: unknown): Asked {
  if (!(error instanceof StateError)) throw error;
  return isDiskFull(error.cause)
    ? {
        kind: 'no room',
        words: `could not ${word}: the disk that holds the state is full; free some space`,
      }
    : {
        kind: 'not now',
        words: `could not ${word}: the state cannot be written now, or another process writes to it; try again, the log says more`,
      };
}

function namesOf(watches: readonly OrgWatch[]): string {
  return watches.map(({ org }) => org).join(', ');
}

function refusedAddress(
  where: string,
  { host, port }: { readonly host: string; readonly port: number },
  error: unknown,
): ConfigError {
  const code = codeOf(error) ?? reasonOf(error);
  const shown = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const [why, hint] = REFUSALS[code] ?? [code, 'choose another address or port'];
  return new ConfigError([{ where, message: `could not listen on ${shown}: ${why}`, hint }]);
}

const REFUSALS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EADDRINUSE: [
    'the port is in use (EADDRINUSE)',
    'another loghook may run already; else choose another port',
  ],
  EACCES: ['it is not allowed (EACCES)', 'ports below 1024 are for root: choose another port'],
  EADDRNOTAVAIL: [
    'this machine has no such address (EADDRNOTAVAIL)',
    'use one that it has, or 127.0.0.1',
  ],
  ENOTFOUND: ['the name has no address (ENOTFOUND)', 'use an address, like 127.0.0.1'],
};
