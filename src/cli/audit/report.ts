/** What an audit found, for people. Not yet fit for a terminal. */
import type { Gap } from '../../state/outbox.ts';
import { gapInShort } from '../../status/gap-words.ts';
import { count, number } from '../words/counts.ts';
import { duration, iso } from '../words/time.ts';
import type { Auditor } from './auditor.ts';
import { type Finding, UNKNOWN } from './findings.ts';
import type { Tally } from './tally.ts';
import { type Audited, some, verdict } from './verdict.ts';

const MOST_SHOWN = 20;
const ID_START = 8;

export function reportLines(auditor: Auditor, audited: Audited): string[] {
  return [
    ...heading(auditor, audited),
    ...audited.tallies.flatMap((tally) => ['', ...routeLines(tally)]),
    ...findingLines(auditor.findings),
    '',
    ...verdict(audited),
  ];
}

function heading(auditor: Auditor, { org, window, partial, unreadable }: Audited): string[] {
  const { since, until, notes } = window;
  const span = `${iso(since)} to ${iso(until)}`;
  return [
    ...(partial ? ['PARTIAL: it was stopped before all events were read'] : []),
    `${org}, ${span} (${duration(until - since)})`,
    ...notes,
    `${count(auditor.events, 'event')} in Okta`,
    ...(auditor.repeated === 0
      ? []
      : [`${count(auditor.repeated, 'event')} more than once; each is counted once`]),
    ...(unreadable === 0 ? [] : [`${count(unreadable, 'piece')} of Okta's pages unreadable`]),
    ...auditor.gaps.flatMap(gapLines),
  ];
}

/** In the words of `status`, with UTC as all of an audit. */
function gapLines(gap: Gap): string[] {
  const { fromMs, toMs, why } = gap;
  const span = fromMs === undefined ? [] : [`  published ${iso(fromMs)} to ${iso(toMs) ?? 'now'}`];
  return [`known gap: ${gapInShort(gap)}`, ...span, `  ${why}`];
}

function routeLines(tally: Tally): string[] {
  const { route, changed, duplicates, uncomparable, unlisted } = tally;
  const off = route.disabled ? '  (disabled)' : route.retired ? '  (not in force)' : '';
  return [
    `${route.name}${off}`,
    `  ${sumLine(tally)}`,
    ...(changed === 0 ? [] : [`  ${number(changed)} CHANGED: their bytes are not Okta's`]),
    ...(duplicates === 0 ? [] : [`  ${number(duplicates)} DELIVERED TWICE without a cause`]),
    ...(uncomparable === 0
      ? []
      : [`  ${number(uncomparable)} cannot be compared: delivered before digests were kept`]),
    ...(unlisted === 0
      ? []
      : [`  ${number(unlisted)} in the ledger, not in Okta's answer: it may leave out late ones`]),
  ];
}

/** `41,203 in Okta = 41,190 delivered + 12 not wanted + 1 dead (+ 0 missing)`. */
export function sumLine(tally: Tally): string {
  const { terms, owedAs } = tally;
  const waits = [...owedAs].map(([status, n]) => `${number(n)} ${status}`).join(', ');
  const words = [
    `${number(terms.delivered)} delivered`,
    ...some(terms.notWanted, 'not wanted'),
    ...some(terms.dead, 'dead'),
    ...some(terms.dropped, 'dropped by a person'),
    ...some(terms.moved, 'moved to another route'),
    ...some(terms.owed, `owed (${waits})`),
    ...some(terms.missing, 'MISSING'),
  ];
  const none = terms.missing === 0 ? ' (+ 0 missing)' : '';
  return `${number(tally.listed)} in Okta = ${words.join(' + ')}${none}`;
}

function findingLines(findings: readonly Finding[]): string[] {
  return (['missing', 'changed', 'duplicate'] as const).flatMap((kind) => {
    const all = findings.filter((finding) => finding.kind === kind);
    if (all.length === 0) return [];
    const more = all.length - MOST_SHOWN;
    return [
      '',
      `${kind}:`,
      ...all.slice(0, MOST_SHOWN).flatMap(lineOf),
      ...(more > 0 ? [`  and ${number(more)} more: all with --json`] : []),
    ];
  });
}

function lineOf({ event, eventType, published, route, why, gap, difference }: Finding): string[] {
  const parts = [event.slice(0, ID_START), eventType ?? '-', published ?? '-', route];
  return [
    `  ${[...parts, ...(why === UNKNOWN ? [why] : [])].join('  ')}`,
    ...(why === undefined || why === UNKNOWN ? [] : [`    ${why}`]),
    ...(gap === undefined ? [] : [`    in a known gap (${gapInShort(gap)}): ${gap.why}`]),
    ...(difference === undefined
      ? []
      : [
          `    from byte ${number(difference.at)} on`,
          `    Okta: …${difference.okta}…`,
          `    kept: …${difference.ours}…`,
        ]),
  ];
}
