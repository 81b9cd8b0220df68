/** Asks a person before something is done that a wrong word should not do. */
import { createInterface } from 'node:readline';
import { refuse } from '../../config/problems.ts';
import { printable } from '../../printable.ts';
import type { Io } from '../io.ts';

export interface Question {
  /** Given on the command line. */
  readonly yes: boolean | undefined;
  /** What it is that asks, and what it would do: for where nobody can be asked. */
  readonly where: string;
  readonly would: string;
}

/** True when the answer is yes; a mere return, or ^C, is no. @throws ConfigError where nobody can be asked */
export async function agreed(
  question: string,
  { yes, where, would }: Question,
  io: Io,
): Promise<boolean> {
  if (yes === true) return true;
  const input = io.stdin();
  if (input.isTTY !== true || io.stderr.isTTY !== true) {
    refuse(where, would, 'Say yes with --yes, or look first with --dry-run.');
  }
  io.stderr.write(`${printable(question)} [y/N] `);
  const lines = createInterface({ input });
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
