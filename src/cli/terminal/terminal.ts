/**
 * The log as a person at a terminal sees it: → an event, ← an answer, ! what needs a look. Every line passes the
 * control-character filter as a whole, after it is put together: event text is written by attackers.
 */
import { printable } from '../../printable.ts';
import type { Output } from '../io.ts';
import { BOLD, CYAN, DIM, GREEN, paint, RED, YELLOW } from './colours.ts';
import { draw, type Line } from './drawing.ts';
import { folded } from './folded.ts';

export class Terminal {
  readonly #output: Output;
  readonly #colours: boolean;
  /** Of the names of orgs, in characters. */
  #widest = 0;

  constructor(output: Output, colours: boolean) {
    this.#output = output;
    this.#colours = colours;
  }

  /** Takes one JSON line of the log. */
  write(text: string): void {
    // Our own log's line: pino wrote level, time and msg into it.
    const line = JSON.parse(text) as Line;
    if (typeof line.org !== 'string' || OF_AN_ORG.has(line.msg)) {
      for (const part of draw(line)) this.say(part);
      return;
    }
    const { org, ...rest } = line;
    this.#widest = Math.max(this.#widest, org.length);
    for (const part of draw(rest)) this.#print(part, `${printable(org).padEnd(this.#widest)}  `);
  }

  /** One line that is not of the log. */
  say(text: string): void {
    this.#print(text, '');
  }

  #print(text: string, before: string): void {
    const whole = `${before}${printable(text)}`;
    const isProse = PROSE.test(text);
    const lines = isProse ? folded(whole, this.#output, before.length + INDENT) : [whole];
    for (const [place, line] of lines.entries()) {
      const own = line.slice(before.length);
      const start = place === 0 ? before : line.slice(0, before.length);
      this.#output.write(`${start}${this.#colours ? coloured(own) : own}\n`);
    }
  }
}

/** What happened and what to do, other than a tree of routes; below the time its words begin. */
const PROSE = /^(?:\d\d:\d\d:\d\d| {11}\S)/;
const INDENT = 11;

/** They name the org themselves; before every other line of one of several orgs stands its name. */
const OF_AN_ORG: ReadonlySet<string> = new Set(['starting', 'ready', 'tailing']);

function coloured(text: string): string {
  const [, time, mark, rest = ''] = /^(\d\d:\d\d:\d\d) ([→←!*]) ?(.*)$/.exec(text) ?? [];
  if (time === undefined || mark === undefined) return plainColoured(text);
  if (mark === '!') return `${paint(DIM, time)} ${paint(YELLOW, `! ${rest}`)}`;
  if (mark === '*') return `${paint(DIM, time)} ${paint(BOLD, `* ${rest}`)}`;
  const answered = mark === '←' && /^\d{3} /.test(rest);
  const shown = answered ? `${paint(GREEN, rest.slice(0, 3))}${rest.slice(3)}` : rest;
  return `${paint(DIM, time)} ${paint(CYAN, mark)} ${shown}`;
}

function plainColoured(text: string): string {
  if (/^ {9,}/.test(text)) return paint(DIM, text);
  if (text.startsWith('ready:')) return paint(GREEN, text);
  return text.startsWith('loghook:') ? paint(RED, text) : text;
}
