/** Checks a tree against the schema. One pass finds one unknown key a map, so it goes on until nothing new is found. */
import * as v from 'valibot';
import { didYouMean } from '../did-you-mean.ts';
import { complaintOf, isUnknownKey, keysOf } from './complaints.ts';
import {
  type Fault,
  type MapTree,
  nodeAt,
  plainOf,
  type Step,
  shownKey,
  type Tree,
} from './tree.ts';

const MOST_PASSES = 64;

type Checked<T> =
  | { readonly output: T; readonly faults?: undefined }
  | { readonly faults: readonly Fault[] };

/** Changes the tree: a misspelt key gets its right name, so that what stands behind it is checked too. */
export function validate<const S extends v.GenericSchema>(
  schema: S,
  tree: Tree,
): Checked<v.InferOutput<S>> {
  const mended: Fault[] = [];
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const result = v.safeParse(schema, plainOf(tree));
    const faults = result.issues
      ?.flatMap((issue) => flatten(issue))
      .toSorted((a, b) => Number(b.isOfKey) - Number(a.isOfKey))
      .filter(isFirstOfItsPath)

      .map((issue) => ({ issue, mended: mend(issue, tree) }));
    if (faults === undefined)
      return mended.length > 0 ? { faults: mended } : { output: result.output };
    const again = faults.filter((fault) => fault.mended !== undefined);
    mended.push(...again.flatMap((fault) => fault.mended ?? []));
    if (again.length > 0) continue;
    const rest = faults.flatMap(({ issue }) => complaintOf(issue, tree) ?? []);
    return { faults: [...mended, ...rest] };
  }
  return { faults: mended };
}

export interface Issue {
  readonly issue: v.BaseIssue<unknown>;
  readonly path: readonly Step[];
  /** The fault lies in the last key itself, not in what stands behind it. */
  readonly isOfKey: boolean;
}

/** Of the kinds that a value may have, what is wrong with the kind that it has. */
function flatten(issue: v.BaseIssue<unknown>, before: readonly Step[] = []): Issue[] {
  const path = [...before, ...stepsOf(issue)];
  const whole = { issue, path, isOfKey: issue.path?.at(-1)?.origin === 'key' };
  if (issue.type !== 'union' || issue.issues === undefined) return [whole];
  const within = issue.issues.filter((sub) => sub.path !== undefined);
  if (within.length > 0) return within.flatMap((sub) => flatten(sub, path));
  const said = issue.issues.filter((sub) => sub.kind !== 'schema' || sub.type === 'picklist');
  const isText = typeof issue.input === 'string';
  return isText && said.length > 0 ? said.flatMap((sub) => flatten(sub, path)) : [whole];
}

/** A value that is wrong in two ways is complained of once. */
function isFirstOfItsPath({ path }: Issue, index: number, all: readonly Issue[]): boolean {
  return all.findIndex((other) => other.path.join('\n') === path.join('\n')) === index;
}

function stepsOf(issue: v.BaseIssue<unknown>): Step[] {
  // Only keys and indexes stand in paths of objects and lists.
  return (issue.path ?? []).map(({ key }) => key as Step);
}

/** What was wrong, if the tree could be changed so that it no longer is; then another pass finds what else there is. */
function mend({ issue, path }: Issue, tree: Tree): Fault[] | undefined {
  if (isUnknownKey(issue)) return mendKey(issue, path, tree);
  return coerce(issue, path, tree) ? [] : undefined;
}

function mendKey(
  issue: v.BaseIssue<unknown>,
  path: readonly Step[],
  tree: Tree,
): Fault[] | undefined {
  const owner = nodeAt(tree, path.slice(0, -1));
  const key = String(path.at(-1));
  const entry = owner?.kind === 'map' ? owner.entries.get(key) : undefined;
  if (owner?.kind !== 'map' || entry === undefined) return undefined;
  const allowed = keysOf(issue);
  const meant = didYouMean(key, allowed);
  rename(owner, key, meant !== undefined && !owner.entries.has(meant) ? meant : undefined);
  const guess = meant === undefined ? '' : `did you mean ${meant}? `;
  return [
    {
      at: entry.keyAt,
      message: `${shownKey(key) ?? 'it'} is no key here`,
      hint: `${guess}${guess === '' ? 'the' : 'The'} keys are ${allowed.join(', ')}`,
    },
  ];
}

function rename(owner: MapTree, key: string, meant: string | undefined): void {
  const entry = owner.entries.get(key);
  owner.entries.delete(key);
  if (entry !== undefined && meant !== undefined) owner.entries.set(meant, entry);
}

/** A variable is always text; where a number or a yes or no is wanted, it may be meant as one. */
function coerce(issue: v.BaseIssue<unknown>, path: readonly Step[], tree: Tree): boolean {
  const node = nodeAt(tree, path);
  if (node?.kind !== 'scalar' || node.substituted !== true || typeof node.value !== 'string')
    return false;
  const text = node.value.trim();
  if (issue.type === 'number' && /^-?\d{1,15}(\.\d{1,9})?$/.test(text)) node.value = Number(text);
  else if (issue.type === 'boolean' && /^(true|false)$/i.test(text)) {
    node.value = text.toLowerCase() === 'true';
  } else return false;
  return true;
}
