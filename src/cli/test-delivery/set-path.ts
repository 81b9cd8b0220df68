/** `--set outcome.result=FAILURE`: one value of an event put in the place of another. */
import { didYouMean } from '../../config/did-you-mean.ts';
import { refuse } from '../../config/problems.ts';
import { quote } from '../../config/quote.ts';

/** Below these anything may stand: Okta itself writes now this, now that. */
const FREE = /(^debugContext\.debugData|^transaction\.detail|\.detailEntry)$/;

type Container = Record<string, unknown> | unknown[];

/** Changes `event`, a parsed event of ours. @throws ConfigError that says which step of the path is not there */
export function setPath(event: Record<string, unknown>, written: string): void {
  const [, path, text] = /^([^=]+)=(.*)$/s.exec(written) ?? [];
  if (path === undefined || text === undefined) {
    refuse('--set', `${quote(written)} has no path=value`, EXAMPLE);
  }
  const steps = path.trim().split('.');
  const last = steps.pop() ?? '';
  let inside: Container = event;
  for (const [index, step] of steps.entries()) {
    inside = containerAt(inside, step, steps.slice(0, index));
  }
  if (!FREE.test(steps.join('.'))) mustHave(inside, last, steps);
  put(inside, last, parsedOr(text));
}

const EXAMPLE = 'write it like outcome.result=FAILURE or target.0.displayName=Ada';

function put(inside: Container, name: string, value: unknown): void {
  // Defined and not assigned: `__proto__` is a name like any other.
  Object.defineProperty(inside, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function containerAt(inside: Container, step: string, above: readonly string[]): Container {
  mustHave(inside, step, above);
  const found: unknown = Object.entries(inside).find(([name]) => name === step)?.[1];
  if (isContainer(found)) return found;
  const path = [...above, step].join('.');
  const hint = `set the whole of it: --set '${path}={"id":"x"}'`;
  return refuse('--set', `${quote(path)} is ${JSON.stringify(found)} in this event`, hint);
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function mustHave(inside: Container, step: string, above: readonly string[]): void {
  if (Object.hasOwn(inside, step)) return;
  const names = Object.keys(inside);
  const where = above.length === 0 ? 'this event' : quote(above.join('.'));
  const meant = didYouMean(step, names);
  const hint =
    meant === undefined
      ? `there is ${names.length === 0 ? 'nothing in it' : names.join(', ')}`
      : `did you mean ${[...above, meant].join('.')}?`;
  refuse('--set', `there is no ${quote(step)} in ${where}`, hint);
}

/** JSON where it is JSON (numbers, true, false, null, "…", {…}, […]), else the text itself. */
function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
