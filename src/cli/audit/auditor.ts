/**
 * Holds what Okta lists against what the state knows, a page at a time: every event is counted once on every route, as
 * what became of it there, as not wanted, or as missing. Nothing is taken for granted: what is in the state and not in
 * Okta's answer is looked for as well.
 */
import type { LogEvent } from '../../event.ts';
import type { AuditDesk, Horizon, Unlisted } from '../../state/beside/audit-desk.ts';
import type { KnownEvent } from '../../state/beside/fates.ts';
import type { NamedRoute } from '../../state/beside/named-routes.ts';
import { SeqSet } from '../../state/beside/seq-set.ts';
import { publishedAt } from '../../state/configs.ts';
import type { Gap } from '../../state/outbox.ts';
import { digestOf } from '../../state/owed/digest.ts';
import { Comparison } from './comparison.ts';
import { Coverage } from './coverage.ts';
import { Digests } from './digests.ts';
import { type Finding, Findings, UNKNOWN } from './findings.ts';
import { Judge } from './judge.ts';
import { type Stranger, Strangers } from './strangers.ts';
import { Tally } from './tally.ts';

/** Of what was missing: no look at the state lasts long. */
const LOOKED_AT_ONCE = 1_000;

interface AuditorParts {
  readonly desk: AuditDesk;
  readonly horizon: Horizon;
  readonly routes: readonly NamedRoute[];
  readonly window: { readonly since: number; readonly until: number };
  /** Ms since 1970. */
  readonly now: number;
}

/** An event that routes should have had. */
export interface Lack {
  readonly event: LogEvent;
  readonly routes: readonly NamedRoute[];
}

export class Auditor {
  /** Of every route that there ever was. */
  readonly tallies: readonly Tally[];
  readonly gaps: readonly Gap[];
  readonly coverage = new Coverage();
  readonly #parts: AuditorParts;
  readonly #judge: Judge;
  readonly #findings = new Findings();
  readonly #comparison: Comparison;
  readonly #listed = new SeqSet();
  readonly #digests = new Digests();
  /** By id, the events of the page before. */
  #before: ReadonlyMap<string, LogEvent> = new Map();
  /** What was read later may be later than the list. */
  readonly #newest: number;
  #events = 0;
  #repeated = 0;
  #upTo: number | undefined;
  #from: number;

  constructor(parts: AuditorParts) {
    this.#parts = parts;
    this.#from = parts.window.since;
    this.#newest = parts.desk.newest();
    this.#judge = new Judge(parts.horizon.versions);
    this.#comparison = new Comparison(parts.desk, this.#findings);
    this.tallies = parts.routes.map((route) => new Tally(route));
    this.gaps = parts.desk.gaps(parts.window.since, parts.window.until);
  }

  get findings(): readonly Finding[] {
    return this.#findings.all;
  }

  /** How many Okta lists in the window, each counted once. */
  get events(): number {
    return this.#events;
  }

  /** How often Okta listed one again. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Later than the window's start where the daemon has forgotten more meanwhile; ms since 1970. */
  get from(): number {
    return this.#from;
  }

  /** When the newest event was published, ms since 1970. */
  get upTo(): number | undefined {
    return this.#upTo;
  }

  /** One page, oldest first. Returns what is missing of it. @throws StateError */
  take(page: readonly LogEvent[]): readonly Lack[] {
    return this.#parts.desk.atOnce(() => {
      this.#from = Math.max(this.#from, this.#parts.desk.forgottenTo() + 1);
      const { events, others } = this.#unseen(page);
      this.#upTo = publishedAt(events.at(-1)?.published) ?? this.#upTo;
      const known = this.#parts.desk.look([...events, ...others].map(({ id }) => id));
      const lacks = events.flatMap((event, n) => this.#takeOne(event, known.get(n)));
      for (const [n, event] of others.entries()) {
        this.#takeAgain(event, known.get(events.length + n));
      }
      return lacks;
    });
  }

  /** What was missing of a page is owed now, and so no stranger: to be called before the next one. @throws StateError */
  repaired(lacks: readonly Lack[]): void {
    const { desk } = this.#parts;
    const known = desk.atOnce(() => desk.look(lacks.map(({ event }) => event.id)));
    for (const { seq } of known.values()) this.#listed.add(seq);
  }

  /**
   * What is in the state, published up to `until`, and was not listed. To be called once all was. A daemon beside us may
   * have read meanwhile what was missing, unless it was `repaired`. @throws StateError
   */
  finish(until: number, repaired = false): void {
    if (!repaired) this.#lookAgain();
    const { desk, window } = this.#parts;
    const strangers = new Strangers(desk, this.#digests);
    for (const some of desk.unlisted({ since: window.since, until }, this.#listed)) {
      for (const unlisted of some) this.#takeStranger(unlisted, strangers.of(unlisted));
    }
  }

  /** Without what cannot be judged, was in the page before, or stands in this one twice; `others`: with other bytes. */
  #unseen(page: readonly LogEvent[]): { readonly events: LogEvent[]; readonly others: LogEvent[] } {
    const byId = new Map<string, LogEvent>();
    const others: LogEvent[] = [];
    const events = page.filter((event) => {
      if (!this.#isJudged(event)) return false;
      const same = byId.get(event.id) ?? this.#before.get(event.id);
      byId.set(event.id, same ?? event);
      if (same === undefined) return true;
      this.#repeated += 1;
      if (!same.raw.equals(event.raw)) others.push(event);
      return false;
    });
    this.#before = byId;
    return { events, others };
  }

  #isJudged({ published }: LogEvent): boolean {
    const at = publishedAt(published);
    return at === undefined || (at >= this.#from && at < this.#parts.window.until);
  }

  #takeOne(event: LogEvent, known: KnownEvent | undefined): Lack[] {
    if (known !== undefined && !this.#listed.add(known.seq)) {
      this.#repeated += 1;
      this.#takeAgain(event, known);
      return [];
    }
    this.#events += 1;
    if (known !== undefined) this.coverage.listed += 1;
    const lacking = this.#count(event, known);
    const isOnRoutes = known !== undefined && known.fates.size > 0;
    if (!isOnRoutes && lacking.length === 0) return [];
    const digest = digestOf(event.raw);
    this.#digests.add(digest);
    if (isOnRoutes) this.#comparison.check(event, digest, known, this.tallies);
    if (lacking.length === 0) return [];
    this.#tellMissing(event, lacking, known === undefined ? { why: UNKNOWN } : {});
    return [{ event, routes: lacking }];
  }

  /** Okta lists it a second time. */
  #takeAgain(event: LogEvent, known: KnownEvent | undefined): void {
    if (known !== undefined) this.#comparison.checkAgain(event, known, this.tallies);
  }

  /** Once on every route. Returns those that it is missing on. */
  #count(event: LogEvent, known: KnownEvent | undefined): readonly NamedRoute[] {
    const wanted = this.#judge.wantedBy(event, known?.config);
    const lacking: NamedRoute[] = [];
    for (const tally of this.tallies) {
      const { id } = tally.route;
      const isWanted = wanted.has(id) || known?.movedTo.has(id) === true;
      const fate = known?.fates.get(id);
      if (fate === undefined && isWanted) lacking.push(tally.route);
      tally.count(fate ?? (isWanted ? 'missing' : 'notWanted'), this.#parts.now);
    }
    return lacking;
  }

  #tellMissing(event: LogEvent, routes: readonly NamedRoute[], why: Partial<Finding>): void {
    const gap = this.#gapAt(publishedAt(event.published));
    for (const route of routes) {
      this.#findings.tell('missing', event, route, { ...why, ...(gap && { gap }) });
    }
  }

  #gapAt(at: number | undefined): Gap | undefined {
    if (at === undefined) return undefined;
    return this.gaps.find(({ fromMs, toMs }) => (fromMs ?? 0) <= at && at <= (toMs ?? at));
  }

  /** Takes back what is not missing any more. */
  #lookAgain(): void {
    const missing = this.findings.filter(({ kind }) => kind === 'missing');
    if (missing.length === 0) return;
    const { desk } = this.#parts;
    const ids = [...new Set(missing.map(({ event }) => event))];
    const known = new Map<string, KnownEvent>();
    for (let n = 0; n < ids.length; n += LOOKED_AT_ONCE) {
      const some = ids.slice(n, n + LOOKED_AT_ONCE);
      const found = desk.atOnce(() => desk.look(some));
      for (const [at, event] of found) known.set(some[at] ?? '', event);
    }
    this.#findings.takeBack(
      new Set(missing.filter((one) => this.#isFound(one, known.get(one.event)))),
    );
  }

  /** Counts it as what it is by now. */
  #isFound(finding: Finding, known: KnownEvent | undefined): boolean {
    const fate = known?.fates.get(finding.routeId);
    const tally = this.#tallyOf(finding.routeId);
    if (known === undefined || fate === undefined || tally === undefined) return false;
    this.#listed.add(known.seq);
    tally.terms.missing -= 1;
    tally.count(fate, this.#parts.now);
    return true;
  }

  #takeStranger(unlisted: Unlisted, strangers: readonly Stranger[]): void {
    const isNowhereTwin = strangers.every(({ isTwin }) => !isTwin);
    if (isNowhereTwin && unlisted.event.seq <= this.#newest) this.coverage.leftOut += 1;
    for (const { route, isTwin } of strangers) {
      const tally = this.#tallyOf(route);
      if (tally !== undefined) this.#tellStranger(unlisted, tally, isTwin);
    }
  }

  #tallyOf(routeId: number): Tally | undefined {
    return this.tallies.find(({ route }) => route.id === routeId);
  }

  #tellStranger(unlisted: Unlisted, tally: Tally, isTwin: boolean): void {
    if (!isTwin) {
      tally.unlisted += 1;
      return;
    }
    tally.duplicates += 1;
    const why = 'it has the same bytes as an event that Okta lists under another id';
    this.#findings.tell('duplicate', unlisted, tally.route, { why });
  }
}
