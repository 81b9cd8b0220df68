/** What the schema finds wrong, in words. What was written is repeated only where it cannot be a secret. */
import type { BaseIssue } from 'valibot';
import { printable } from '../../printable.ts';
import { didYouMean } from '../did-you-mean.ts';
import { quote } from '../quote.ts';
import { type Fault, nodeAt, type Position, type Step, type Tree } from './tree.ts';
import type { Issue } from './validate.ts';

/** The keys whose values are no secrets. */
const SHOWN = new Set([
  ...[
    'name',
    'match',
    'method',
    'order',
    'key',
    'concurrency',
    'rate',
    'schedule',
    'event',
    'route',
  ],
  ...['interval', 'maxAge', 'expect', 'enabled', 'publicOnly', 'insecure'],
]);

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  strict_object: 'a map (key: value)',
  record: 'a map (key: value)',
};

export function isUnknownKey(issue: BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

/** A section's message is the list of its keys. */
export function keysOf(issue: BaseIssue<unknown>): string[] {
  return issue.message.split(' ');
}

/** Undefined if it was complained of already. */
export function complaintOf({ issue, path, isOfKey }: Issue, tree: Tree): Fault | undefined {
  const node = nodeAt(tree, path);
  if (node?.kind === 'scalar' && node.broken === true) return undefined;
  const { message, hint } = wordsOf(issue, path, node);
  const label = labelOf(path);
  return {
    at: placeOf(tree, path, isOfKey),
    message: `${label}${message}`,
    ...(hint !== undefined && { hint }),
  };
}

interface Words {
  readonly message: string;
  readonly hint?: string | undefined;
}

function wordsOf(issue: BaseIssue<unknown>, path: readonly Step[], node: Tree | undefined): Words {
  const shown = mayShow(path, node) ? shownValue(issue.input) : undefined;
  if (issue.type === 'strict_object' && path.length > 0 && node === undefined) {
    return { message: 'it is missing' };
  }
  if (issue.type === 'picklist') return picklistWords(issue, shown);
  if (issue.kind === 'schema') return typeWords(issue, shown);
  const [message = '', hint] = issue.message.split('\n');
  if (shown !== undefined) return { message: message.replace('{}', () => shown), hint };
  // In brackets the regex engine repeats what it read.
  const bare = message.includes('{}') ? message.replace(/ \(.*\)$/s, '') : message;
  return { message: bare.replace(' {}', '').replace('{}', 'it'), hint };
}

function picklistWords(issue: BaseIssue<unknown>, shown: string | undefined): Words {
  const allowed = choicesOf(issue);
  const meant = typeof issue.input === 'string' ? didYouMean(issue.input, allowed) : undefined;
  return {
    message: `${shown ?? 'it'} is not one of ${allowed.join(', ')}`,
    hint: meant === undefined ? 'write one of them' : `did you mean ${meant}?`,
  };
}

function choicesOf({ expected }: BaseIssue<unknown>): string[] {
  return [...(expected ?? '').matchAll(/"([^"]+)"/g)].map(([, word = '']) => word);
}

function typeWords(issue: BaseIssue<unknown>, shown: string | undefined): Words {
  const expected =
    issue.type === 'union' ? unionWords(issue) : (EXPECTED[issue.type] ?? issue.expected ?? '');
  if (issue.input === null || issue.input === undefined) {
    return {
      message: `nothing stands behind it, where ${expected} belongs`,
      hint: 'write it, or take the line away',
    };
  }
  const came = kindOf(issue.input);
  return { message: `${shown ?? 'it'} is ${came}, not ${expected}`, hint: typeHint(issue) };
}

function typeHint({ type, input, message }: BaseIssue<unknown>): string | undefined {
  if (type === 'boolean') return 'write true or false, without quotes';
  if (type === 'number') return 'write a number, without quotes';
  if (type !== 'string' || typeof input === 'object') return undefined;
  return message.split('\n')[1] ?? 'put quotes around it';
}

function unionWords(issue: BaseIssue<unknown>): string {
  const kinds = (issue.issues ?? []).map(
    (sub) => EXPECTED[sub.type] ?? `one of ${choicesOf(sub).join(', ')}`,
  );
  return [...new Set(kinds)].join(' or ');
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return Array.isArray(value) ? 'a list' : 'a map';
}

/** Never what a variable or a file gave, nor what may be one of the secrets of a route. */
function mayShow(path: readonly Step[], node: Tree | undefined): boolean {
  if (node?.kind !== 'scalar' || node.substituted === true) return false;
  const keys = path.filter((step) => typeof step === 'string');
  const text = String(node.value);
  if (keys.includes('tls')) return keys.at(-1) === 'insecure' || FILE_NAME.test(text);
  return !keys.includes('headers') && SHOWN.has(keys.at(-1) ?? '') && !MAY_BE_SECRET.test(text);
}

/** No key in base64 has a dot. */
const FILE_NAME = /^[\w./~ \\:-]{1,100}\.[a-z]{2,5}$/i;
/** Where a secret was pasted by mistake: letters and digits in one long word. */
const MAY_BE_SECRET = /:\/\/|whsec_|-----BEGIN|(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{7,}/;

function shownValue(value: unknown): string | undefined {
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A header's name can be anything; so can what was taken for one. */
const LABEL = /^[\w$-]{1,40}$/;

/** `retry.schedule: `; the line says of which route. */
function labelOf(path: readonly Step[]): string {
  const [inOrg, ofOrg] = withoutOwner(path, 'orgs');
  const [inRoute, ofRoute] = withoutOwner(inOrg, 'routes');
  const keys = inRoute.filter((step) => typeof step === 'string' && LABEL.test(step));
  if (keys.length === 0) return ofRoute ? 'the route: ' : ofOrg ? 'the org: ' : '';
  return `${printable(keys.join('.'))}: `;
}

function withoutOwner(path: readonly Step[], owner: string): [readonly Step[], boolean] {
  const isOwned = path[0] === owner && typeof path[1] === 'number';
  return [isOwned ? path.slice(2) : path, isOwned];
}

/** Where the value stands; what is missing is missing where its map begins. */
function placeOf(tree: Tree, path: readonly Step[], isOfKey: boolean): Position {
  const owner = nodeAt(tree, path.slice(0, -1));
  const entry = owner?.kind === 'map' ? owner.entries.get(String(path.at(-1))) : undefined;
  if (isOfKey && entry !== undefined) return entry.keyAt;
  for (let length = path.length; length >= 0; length -= 1) {
    const node = nodeAt(tree, path.slice(0, length));
    if (node !== undefined) return node.at;
  }
  return tree.at;
}
