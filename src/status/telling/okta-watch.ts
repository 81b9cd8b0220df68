/**
 * What is told of Okta: that it refuses us, once that has lasted a minute; that its log cannot be read for any other
 * reason, after five minutes; and, if one was told, that it is read again.
 */
import type { AlertDesk } from './alert-desk.ts';

const REFUSED_MS = 60_000;
const UNREACHABLE_MS = 300_000;

type Kind = 'loghook.okta.refused' | 'loghook.okta.unreachable';

export interface OktaTrouble {
  readonly isRefusal: boolean;
  readonly why: string;
  readonly hint?: string | undefined;
}

/** Ms since 1970: since when the log could not be read, as far as state knows; it outlives restarts. */
type TroubleSince = () => Promise<number | undefined>;

interface Outage {
  beganAt: number;
  trouble: OktaTrouble | undefined;
  /** On the monotonic clock: from when on it was watched without a break. */
  watchedFrom: number;
  readonly told: Set<Kind>;
}

export class OktaWatch {
  readonly #desk: AlertDesk;
  readonly #org: string;
  readonly #since: TroubleSince;
  #outage: Outage | undefined;

  private constructor(desk: AlertDesk, org: string, since: TroubleSince) {
    this.#desk = desk;
    this.#org = org;
    this.#since = since;
  }

  /** Goes on from the trouble that was saved. */
  static async open(desk: AlertDesk, org: string, since: TroubleSince): Promise<OktaWatch> {
    const watch = new OktaWatch(desk, org, since);
    const beganAt = await since();
    if (beganAt === undefined) return watch;
    const outage = watch.#begin(beganAt);
    for (const kind of ['loghook.okta.refused', 'loghook.okta.unreachable'] as const) {
      if (await desk.wasTold({ kind, subject: '', beganAt })) outage.told.add(kind);
    }
    return watch;
  }

  trouble(trouble: OktaTrouble): void {
    const outage = this.#outage ?? this.#begin(this.#desk.clock.now());
    outage.trouble = trouble;
  }

  /** A page was read. */
  over(): void {
    const outage = this.#outage;
    this.#outage = undefined;
    if (outage === undefined || outage.told.size === 0) return;
    void this.#desk.tell({
      kind: 'loghook.okta.answering',
      subject: '',
      beganAt: outage.beganAt,
      message: `The System Log of ${this.#org} is read again, from where it was left.`,
    });
  }

  /** Tells what is due. */
  async tick(): Promise<void> {
    const outage = this.#outage;
    if (outage?.trouble === undefined || !this.#desk.isOpen) return;
    const lastedMs = this.#desk.clock.monotonic() - outage.watchedFrom;
    await this.#tellAfter(lastedMs, outage, outage.trouble);
  }

  /** Tells of trouble by its age alone, for a run that is too short to watch it. */
  async tellLasting(): Promise<void> {
    const outage = this.#outage;
    if (outage?.trouble === undefined || !this.#desk.isOpen) return;
    const beganAt = (await this.#since()) ?? outage.beganAt;
    await this.#tellAfter(this.#desk.clock.now() - beganAt, outage, outage.trouble);
  }

  woke(): void {
    if (this.#outage !== undefined) this.#outage.watchedFrom = this.#desk.clock.monotonic();
  }

  async #tellAfter(lastedMs: number, outage: Outage, trouble: OktaTrouble): Promise<void> {
    const { isRefusal } = trouble;
    const kind = isRefusal ? 'loghook.okta.refused' : 'loghook.okta.unreachable';
    if (outage.told.has(kind) || lastedMs < (isRefusal ? REFUSED_MS : UNREACHABLE_MS)) return;
    outage.told.add(kind);
    outage.beganAt = (await this.#since()) ?? outage.beganAt;
    this.#tell(kind, outage, trouble);
  }

  #begin(beganAt: number): Outage {
    const watchedFrom = this.#desk.clock.monotonic();
    this.#outage = { beganAt, trouble: undefined, watchedFrom, told: new Set() };
    return this.#outage;
  }

  #tell(kind: Kind, { beganAt }: Outage, { isRefusal, why, hint }: OktaTrouble): void {
    const what = isRefusal
      ? `Okta refuses to let loghook read the System Log of ${this.#org}: ${why}.`
      : `The System Log of ${this.#org} cannot be read: ${why}.`;
    const kept = 'Okta keeps it for 90 days, and what is owed is still delivered;';
    const next = hint === undefined ? '' : ` ${hint}`;
    void this.#desk.tell({
      kind,
      subject: '',
      beganAt,
      reason: why,
      message: `${what} ${kept} loghook goes on trying.${next}`,
    });
  }
}
