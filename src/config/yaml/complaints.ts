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
  ...['maxAge', 'expect', 'until', 'enabled', 'publicOnly', 'insecure'],
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

/** A key that a person wrote where none of its name belongs may be anything. */
export function shownKey(key: string): string {
  return /^[\w$.-]{1,32}$/.test(key) && !key.startsWith('whsec_') ? `"${key}"` : 'such key here';
}

/** Undefined if it was complained of already. */
export function complaintOf({ issue, path }: Issue, tree: Tree): Fault | undefined {
  const node = nodeAt(tree, path);
  if (node?.kind === 'scalar' && node.broken === true) return undefined;
  const { message, hint } = wordsOf(issue, path, node);
  const label = labelOf(path);
  return {
    at: placeOf(tree, path),
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
  const written =
    shown === undefined
      ? message.replace(/ \(.*\)$/s, '').replace('{}', 'it')
      : message.replace('{}', () => shown);
  return { message: written, hint };
}

function picklistWords(issue: BaseIssue<unknown>, shown: string | undefined): Words {
  const allowed = [...(issue.expected ?? '').matchAll(/"([^"]+)"/g)].map(([, word = '']) => word);
  const meant = typeof issue.input === 'string' ? didYouMean(issue.input, allowed) : undefined;
  const guess = meant === undefined ? '' : `did you mean ${meant}? It may be `;
  return {
    message: `${shown ?? 'it'} is none of ${allowed.join(', ')}`,
    hint: `${guess === '' ? 'write one of ' : guess}${allowed.join(', ')}`,
  };
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
  const isQuotable = issue.type === 'string' && typeof issue.input !== 'object';
  return {
    message: `${shown ?? 'it'} is ${came}, not ${expected}`,
    ...(isQuotable && { hint: 'put quotes around it' }),
  };
}

function unionWords(issue: BaseIssue<unknown>): string {
  const kinds = (issue.issues ?? []).map(({ type, expected }) => EXPECTED[type] ?? expected ?? '');
  return [...new Set(kinds)].join(' or ');
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return Array.isArray(value) ? 'a list' : 'a map';
}

function mayShow(path: readonly Step[], node: Tree | undefined): boolean {
  const key = path.findLast((step) => typeof step === 'string');
  if (key === undefined || !SHOWN.has(key) || path.includes('headers')) return false;
  return node?.kind === 'scalar' && node.substituted !== true;
}

function shownValue(value: unknown): string | undefined {
  if (typeof value === 'string')
    return /[/@]|whsec_/.test(value) && value.includes('://') ? undefined : quote(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** `retry.schedule: `; the line says of which route. */
function labelOf(path: readonly Step[]): string {
  const start = path[0] === 'routes' && typeof path[1] === 'number' ? 2 : 0;
  const keys = path.slice(start).filter((step) => typeof step === 'string');
  return keys.length === 0 ? '' : `${printable(keys.join('.'))}: `;
}

/** Where the value stands; what is missing is missing where its map begins. */
function placeOf(tree: Tree, path: readonly Step[]): Position {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = nodeAt(tree, path.slice(0, length));
    if (node !== undefined) return node.at;
  }
  return tree.at;
}
