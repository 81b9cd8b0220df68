/** What was found, for people and as JSON. */
import { printable } from '../../printable.ts';
import { type Io, type Output, wantsColours } from '../io.ts';
import { BOLD, CYAN, paint as coloured, DIM, GREEN, RED, YELLOW } from '../terminal/colours.ts';
import { folded } from '../terminal/folded.ts';
import { writeJson } from '../terminal/print.ts';
import { count } from '../words/counts.ts';
import type { CheckName, Finding, Level } from './finding.ts';

interface Tally {
  readonly problems: number;
  readonly warnings: number;
}

export function tallyOf(findings: readonly Finding[]): Tally {
  const of = (wanted: Level) => findings.filter(({ level }) => level === wanted).length;
  return { problems: of('problem'), warnings: of('warning') };
}

export function reportAsJson(findings: readonly Finding[], { stdout }: Io): void {
  writeJson(stdout, { findings, ...tallyOf(findings) }, 2);
}

const TITLES: Readonly<Record<CheckName, string>> = {
  settings: 'settings',
  network: 'way to Okta',
  clock: 'clock',
  credentials: 'credentials',
  rate: 'rate limit',
  routes: 'routes',
  sending: 'test events',
  disk: 'disk',
  state: 'state',
  daemons: 'daemons',
  deliveries: 'deliveries',
  service: 'service',
};

/** A mark and its colour. */
const MARKS: Readonly<Record<Level, readonly [mark: string, colour: number]>> = {
  ok: ['✓', GREEN],
  note: ['·', CYAN],
  warning: ['!', YELLOW],
  problem: ['✗', RED],
};

/** Sections in the order of the findings; a line a finding, what to do below it. */
export function report(findings: readonly Finding[], { stdout, env }: Io): void {
  const paint: Paint = wantsColours(stdout, env) ? coloured : (_, text) => text;
  let before: Finding | undefined;
  for (const one of findings) {
    const { org, check } = one;
    const isOther = org !== before?.org;
    if (isOther) stdout.write(`${before === undefined ? '' : '\n'}${paint(BOLD, `org ${org}`)}\n`);
    if (isOther || check !== before?.check) stdout.write(`${TITLES[check]}\n`);
    before = one;
    for (const line of findingLines(one, stdout, paint)) stdout.write(`${line}\n`);
  }
  const { problems, warnings } = tallyOf(findings);
  stdout.write(`\n${count(problems, 'problem')}, ${count(warnings, 'warning')}\n`);
}

type Paint = (colour: number, text: string) => string;

function findingLines({ level, found, fix }: Finding, stdout: Output, paint: Paint): string[] {
  const [mark, colour] = MARKS[level];
  const [first = '', ...more] = folded(`  ${mark} ${printable(found)}`, stdout, 4);
  const fixLines = fix === undefined ? [] : folded(`    → ${printable(fix)}`, stdout, 6);
  return [
    first.replace(mark, () => paint(colour, mark)),
    ...more,
    ...fixLines.map((line) => paint(DIM, line)),
  ];
}
