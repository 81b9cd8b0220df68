/**
 * What the command line says about words it does not understand. Commander repeats them, and people paste URLs and
 * tokens where they do not belong: what may be one is taken out.
 */
import { printable } from '../printable.ts';

/** Looks like an address, or like an option's value. */
const MAY_BE_SECRET = /'[^'\n]*(?:[/@:=?]|\S{40})[^'\n]*'/g;

/** Commander's message as it may be shown. */
export function usageMessage(text: string): string {
  const lines = text.replace(/^error: /, 'loghook: ').replace(MAY_BE_SECRET, withoutValue);
  return lines.split('\n').map(printable).join('\n');
}

/** An option as the help writes it, with the name of what it takes: our own words. */
const AS_IN_HELP = /^'(?:-\w, )?--[a-z-]{1,20} <[a-z=]{1,20}>'$/;

/** `'--token=…'` keeps its name; any other such word goes. */
function withoutValue(quoted: string): string {
  if (AS_IN_HELP.test(quoted)) return quoted;
  const name = /^'(--?[a-z-]{1,20})=/.exec(quoted)?.[1];
  return name === undefined ? "'…'" : `'${name}=…'`;
}

/** `loghook` and `loghook --once` mean `loghook run`: a first word that is no command is then an error of its own. */
export function withDefaultCommand(argv: readonly string[]): readonly string[] {
  const [node = '', script = '', first, ...rest] = argv;
  const isOption = first?.startsWith('-') ?? true;
  const isProgramOption = ['-h', '--help', '-V', '--version'].includes(first ?? '');
  if (!isOption || isProgramOption) return argv;
  return [node, script, 'run', ...(first === undefined ? [] : [first]), ...rest];
}

/** Whose stdout is a log and no result. */
export function isDaemon([, , command]: readonly string[]): boolean {
  return ['run', 'listen', 'demo', 'practice-org'].includes(command ?? '');
}
