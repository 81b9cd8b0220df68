/** How a command ends: the exit code that means something, and the message that says what to do. */
import {
  ConfigError,
  LoghookError,
  OktaError,
  type Problem,
  RoutesError,
  reasonOf,
  StateError,
} from '../errors.ts';
import { printable } from '../printable.ts';
import type { Output } from './io.ts';
import { folded } from './terminal/folded.ts';

/** Where the words of a hint begin. */
const HANG = 4;

export const EXIT = {
  asAsked: 0,
  bug: 1,
  /** Of `doctor`. */
  problem: 1,
  usage: 2,
  state: 3,
  credentials: 4,
  stillOwed: 5,
  /** Of `test`. */
  notDelivered: 5,
  /** Of `audit`. */
  doesNotAddUp: 5,
} as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError || error instanceof RoutesError) return EXIT.usage;
  if (error instanceof StateError) return EXIT.state;
  if (error instanceof OktaError) {
    return error.kind === 'credentials' ? EXIT.credentials : EXIT.usage;
  }
  return EXIT.bug;
}

/** Says what went wrong, each problem on a line and each hint on the line below it. */
export function explain(error: unknown, stderr: Output): void {
  if (error instanceof ConfigError || error instanceof RoutesError) {
    for (const problem of error.problems) explainProblem(problem, stderr);
  } else if (error instanceof LoghookError) {
    const cause = error.cause === undefined ? '' : ` (${reasonOf(error.cause)})`;
    say(stderr, `loghook: ${error.message}${cause}`, error.hint);
  } else {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(`loghook: this is a bug in loghook\n${trace}\n`);
  }
}

function explainProblem(problem: Problem, stderr: Output): void {
  say(stderr, `loghook: ${problem.where}: ${problem.message}`, problem.hint);
}

function say(stderr: Output, message: string, hint: string | undefined): void {
  const lines = folded(printable(message), stderr, HANG);
  if (hint !== undefined) lines.push(...folded(`  → ${printable(hint)}`, stderr, HANG));
  stderr.write(`${lines.join('\n')}\n`);
}
