/**
 * One org of several in a process: its session, opened again when an error ends it. What goes wrong here is said and
 * tried again; the other orgs never notice. Stops with the process, or alone when the org is taken out of the file.
 */
import { type Clock, Pause } from '../../clock.ts';
import type { Config } from '../../config/config.ts';
import { identityAnew } from '../../config/identity/identity-anew.ts';
import { orgFolder } from '../../config/state-folder.ts';
import type { Stop } from '../../daemon.ts';
import type { Paces } from '../../delivery/lanes/pace.ts';
import { LoghookError, OktaError, reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Admin } from '../admin/admin.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { sayNotes } from '../notes.ts';
import { type NotReloaded, problemsInWords, reload } from '../run/reload.ts';
import { Session } from '../run/session.ts';
import type { SessionOptions } from '../run/session-options.ts';
import { FIRST_START_MS } from '../system-log.ts';
import { duration } from '../words/time.ts';
import { isSameOrg } from './same-org.ts';

const AGAIN_MS = 30_000;
const LONGEST_AGAIN_MS = 5 * 60_000;

export interface OrgRunParts {
  readonly io: Io;
  /** Of the whole process; the org's lines name the org. */
  readonly log: Log;
  readonly clock: Clock;
  readonly paces: Paces;
  /** Reads all orgs anew; throws when they are not usable. */
  readonly reload: () => Promise<readonly Config[]>;
  readonly adminDoor?: Admin;
  /** Of the whole process. */
  readonly stop: Stop;
  /** Told when it begins, reads or fails. */
  readonly onChange: () => void;
}

export class OrgRun {
  readonly name: string;
  readonly #parts: OrgRunParts;
  readonly #log: Log;
  readonly #since: number;
  readonly #ownStop = { soft: new AbortController(), hard: new AbortController() };
  #config: Config;
  #session: Session | undefined;
  #isReading = false;
  #hasBegun = false;
  #hasRead = false;
  #error: unknown;
  #failures = 0;
  /** What it failed of last, as `kindOf` says. */
  #said = '';
  #failingSince = 0;
  readonly #pause: Pause;

  constructor(config: Config, parts: OrgRunParts) {
    const { orgName = config.org.url.host } = config;
    this.name = orgName;
    this.#config = config;
    this.#parts = parts;
    this.#pause = new Pause(parts.clock);
    this.#log = parts.log.child({ org: orgName });
    this.#since = config.since ?? parts.clock.now() - FIRST_START_MS;
  }

  get config(): Config {
    return this.#config;
  }

  /** Okta answers, as far as is known. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Its state could be opened at least once. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Okta answered at least once. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  /** What ended its last session, until the next one begins. */
  get error(): unknown {
    return this.#error;
  }

  /** False once the loops of its session stand still. */
  get isTurning(): boolean {
    return this.#session?.isTurning ?? true;
  }

  /** Runs until it is stopped or, with `once`, is done. Returns the exit code; never rejects. */
  async run(): Promise<number> {
    const release = this.#followStop();
    this.#parts.adminDoor?.expect(this.name);
    try {
      for (;;) {
        const code = await this.#runSession();
        if (code !== undefined) return code;
        if (this.#config.once) return exitCodeOf(this.#error);
        await this.#pause.for(this.#waitMs(), this.#ownStop.soft.signal);
        if (this.#ownStop.soft.signal.aborted) return EXIT.asAsked;
      }
    } finally {
      release();
      this.#parts.adminDoor?.dismiss(this.name);
    }
  }

  /** Asks it to stop, and leaves the others alone. */
  stop(): void {
    this.#ownStop.soft.abort();
  }

  /** Puts other routes in force, or tries again at once if it waits for that. Never rejects. */
  async take(config: Config): Promise<NotReloaded | undefined> {
    this.#config = config;
    const session = this.#session;
    this.#pause.end();
    if (session === undefined) return undefined;
    return reload(
      this.#log,
      async () => config,
      (found) => session.putInForce(found),
    );
  }

  /** The exit code, or undefined when an error ended it. */
  async #runSession(): Promise<number | undefined> {
    const { clock } = this.#parts;
    const stop = { soft: this.#ownStop.soft.signal, hard: this.#ownStop.hard.signal };
    const config = this.#config;
    try {
      const session = await Session.open(this.#options(config), clock, stop.soft);
      if (this.#config !== config) {
        // It waited for room on its disk, and the routes were read anew meanwhile.
        await session.close();
        return await this.#runSession();
      }
      this.#session = session;
      try {
        if (!session.isFirstStart) this.#noteSince();
        return await session.run(stop, {
          begins: () => this.#begins(),
          reads: () => this.#reads(),
        });
      } finally {
        this.#session = undefined;
        await session.close();
      }
    } catch (error) {
      this.#fails(error);
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  #options(config: Config): SessionOptions {
    const { io, paces, reload: readAll, adminDoor } = this.#parts;
    return {
      ...config,
      io,
      name: this.name,
      log: this.#log,
      paces,
      identityAnew: identityAnew(config.org.url, async () => {
        const configs = await readAll();
        return configs.find((anew) => isSameOrg(anew, config));
      }),
      ...(adminDoor && { adminDoor }),
      folder: orgFolder(config.stateFolder, config.org.url),
      since: this.#since,
      goesOnFromCursor: true,
    };
  }

  /** Orgs in one file may have been started at different times: those with a cursor go on from it. */
  #noteSince(): void {
    if (this.#config.since === undefined || this.#hasBegun) return;
    sayNotes(this.#log, ['--since is not used: there is a cursor']);
  }

  #begins(): void {
    this.#hasBegun = true;
    this.#error = undefined;
    this.#parts.onChange();
  }

  #reads(): void {
    if (this.#failures > 0) {
      const forMs = this.#parts.clock.monotonic() - this.#failingSince;
      this.#log.info({ forMs: Math.round(forMs), failures: this.#failures }, 'org goes on');
    }
    this.#isReading = true;
    this.#hasRead = true;
    this.#failures = 0;
    this.#parts.onChange();
  }

  /** The same error again and again is said once. */
  #fails(error: unknown): void {
    const reason = inWords(error);
    const kind = kindOf(error);
    const isKnown = this.#failures > 0 && kind === this.#said;
    this.#said = kind;
    if (this.#failures === 0) this.#failingSince = this.#parts.clock.monotonic();
    this.#failures += 1;
    this.#error = error;
    this.#parts.adminDoor?.expect(this.name).failed(error);
    const hint = error instanceof LoghookError ? error.hint : undefined;
    const again = this.#config.once ? undefined : duration(this.#waitMs());
    this.#log[isKnown ? 'debug' : 'error'](
      {
        reason,
        ...(hint !== undefined && { hint }),
        ...(again !== undefined && { again: `in ${again}` }),
        ...(!(error instanceof LoghookError) && { stack: stackOf(error) }),
      },
      'org stopped by an error',
    );
    this.#parts.onChange();
  }

  #waitMs(): number {
    return Math.min(AGAIN_MS * 2 ** (this.#failures - 1), LONGEST_AGAIN_MS);
  }

  /** Returns what gives the signals back. */
  #followStop(): () => void {
    const { stop } = this.#parts;
    const soft = () => this.#ownStop.soft.abort();
    const hard = () => this.#ownStop.hard.abort();
    stop.soft.addEventListener('abort', soft, { once: true });
    stop.hard.addEventListener('abort', hard, { once: true });
    if (stop.soft.aborted) soft();
    return () => {
      stop.soft.removeEventListener('abort', soft);
      stop.hard.removeEventListener('abort', hard);
    };
  }
}

/** On one line; nothing secret, as `explain` would say it. */
export function inWords(error: unknown): string {
  if (!(error instanceof LoghookError)) return `this is a bug in loghook: ${reasonOf(error)}`;
  if ('problems' in error) return problemsInWords(error).join('; ');
  return error.cause === undefined ? error.message : `${error.message} (${reasonOf(error.cause)})`;
}

/** The same for errors that say the same: Okta gives each refusal an id of its own. */
function kindOf(error: unknown): string {
  if (!(error instanceof OktaError)) return inWords(error);
  return [error.kind, error.status, error.oktaCode].join(' ');
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
