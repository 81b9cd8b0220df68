/** What an audit came to, in a word: whether it proves what it is to prove, and what there is to do if not. */
import { count, number } from '../words/counts.ts';
import { iso } from '../words/time.ts';
import type { Coverage } from './coverage.ts';
import type { Tally } from './tally.ts';
import type { Window } from './window.ts';

/** What was audited. */
export interface Audited {
  readonly org: string;
  /** So many Okta lists. */
  readonly events: number;
  readonly window: Window;
  /** It was stopped before its end. */
  readonly partial: boolean;
  /** Pieces of Okta's pages that could not be read as events. */
  readonly unreadable: number;
  readonly coverage: Coverage;
  /** Up to then (ms since 1970) loghook has read, where that is long ago. */
  readonly behind?: number | undefined;
  /** Of the routes that are asked for, and had to do with it. */
  readonly tallies: readonly Tally[];
  /** Owed again, with --repair. */
  readonly repaired?: number;
}

/** Whether it proves that nothing is missing, changed or was sent twice. */
export function addsUp({ partial, unreadable, coverage, tallies }: Audited): boolean {
  const isRead = !partial && unreadable === 0 && coverage.isEnough;
  return isRead && tallies.every((tally) => tally.addsUp);
}

/** The last lines: whether it adds up, and what to do if not. */
export function verdict(audited: Audited): string[] {
  const { tallies, coverage } = audited;
  const sum = (of: (tally: Tally) => number) => tallies.reduce((n, tally) => n + of(tally), 0);
  const missing = sum(({ terms }) => terms.missing);
  const owed = sum(({ terms }) => terms.owed);
  if (addsUp(audited)) {
    const still = owed === 0 ? '' : `; ${number(owed)} still to be sent`;
    return [
      `it adds up: nothing missing, changed or sent twice${still}`,
      ...doubt(coverage, audited.events),
    ];
  }
  const faults = [
    ...some(missing, 'missing'),
    ...some(
      sum(({ changed }) => changed),
      'changed',
    ),
    ...some(
      sum(({ duplicates }) => duplicates),
      'sent twice',
    ),
    ...some(audited.unreadable, 'unreadable'),
    ...(audited.partial ? ['not read to its end'] : []),
    ...(coverage.isEnough ? [] : [`Okta's answer leaves out ${leftOut(coverage)}`]),
  ];
  return [`IT DOES NOT ADD UP: ${faults.join(', ')}`, ...advice(audited)];
}

const NO_PROOF =
  'such a list proves nothing: run it again; if it stays so, look at what answers for Okta (a proxy?)';

function leftOut({ leftOut: n, known }: Coverage): string {
  return `${number(n)} of the ${count(known, 'event')} that the ledger has`;
}

/** Who proves something with a list must know where it is not whole, or not a list. */
function doubt({ known, leftOut: n }: Coverage, listed: number): string[] {
  if (listed + known === 0) return ['but neither Okta nor the ledger has any event of that time'];
  if (n === 0) return [];
  return [
    `but Okta's answer leaves out ${count(n, 'event')} that the ledger has: it may leave out others, too`,
  ];
}

function advice({ tallies, repaired, coverage, behind }: Audited): string[] {
  const missingOn = (retired: boolean) =>
    tallies
      .filter(({ route }) => route.retired === retired)
      .reduce((n, { terms }) => n + terms.missing, 0);
  const off = missingOn(true);
  return [
    ...(coverage.isEnough ? [] : [NO_PROOF]),
    ...(missingOn(false) === 0 ? [] : [...behindWords(behind), owedWords(repaired)]),
    ...(off === 0
      ? []
      : [`${number(off)} missing on routes that are not in force: nobody would send them`]),
  ];
}

function behindWords(behind: number | undefined): string[] {
  if (behind === undefined) return [];
  return [
    `loghook has read up to ${iso(behind)}: what reached Okta's log later, it will read by itself`,
  ];
}

function owedWords(repaired: number | undefined): string {
  return repaired === undefined
    ? 'owe what is missing: run it again with --repair'
    : `${number(repaired)} owed now: run it again to see them delivered`;
}

export function some(n: number, words: string): string[] {
  return n === 0 ? [] : [`${number(n)} ${words}`];
}
