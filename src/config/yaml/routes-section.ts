/** The routes of a tree, before the schema sees them: a map of them becomes a list, and what only the whole can show is checked. */
import { refusedLiteral } from '../../address.ts';
import { parseDestination } from '../../routing/route.ts';
import { quote } from '../quote.ts';
import { type Fault, nodeAt, type Tree } from './tree.ts';

/** Names of what is no route but is spoken of like one. */
const NEWS = ['alerts', 'heartbeat'];

/** `routes: { siem: { match: … } }` becomes `routes: [{ name: siem, match: … }]`, and so do orgs. */
export function listByName(tree: Tree, key: 'routes' | 'orgs'): Fault[] {
  const named = nodeAt(tree, [key]);
  const entry = tree.kind === 'map' ? tree.entries.get(key) : undefined;
  if (tree.kind !== 'map' || named?.kind !== 'map' || entry === undefined) return [];
  const faults: Fault[] = [];
  const items = [...named.entries].map(([name, { keyAt, tree: route }]): Tree => {
    if (route.kind !== 'map') return route;
    const own = route.entries.get('name');
    if (own !== undefined) {
      const hint = 'the key above it is its name: take this line away';
      faults.push({ at: own.keyAt, message: 'the name stands twice', hint });
    }
    const word: Tree = { kind: 'scalar', at: keyAt, value: name, plain: true };
    const entries = new Map([...route.entries, ['name', { keyAt, tree: word }] as const]);
    return { kind: 'map', at: keyAt, entries };
  });
  tree.entries.set(key, {
    ...entry,
    tree: { kind: 'list', at: named.at, flow: false, items },
  });
  return faults;
}

/** Of the routes of `tree`; `outer` is the file where `tree` is an org in it, whose routes are the org's too. */
export function routeFaults(tree: Tree, outer?: Tree): Fault[] {
  const items = itemsOf(tree, 'routes');
  return [
    ...nameFaults(tree, items, outer),
    ...items.flatMap(matchFaults),
    ...items.flatMap((route) => addressFaults('url', route)),
    ...NEWS.flatMap((name) => addressFaults(`${name}.url`, nodeAt(tree, [name]))),
  ];
}

/** Empty where it is no list. */
export function itemsOf(tree: Tree, key: 'routes' | 'orgs'): readonly Tree[] {
  const list = nodeAt(tree, [key]);
  return list?.kind === 'list' ? list.items : [];
}

function nameFaults(tree: Tree, routes: readonly Tree[], outer: Tree | undefined): Fault[] {
  const owners = outer === undefined ? [tree] : [tree, outer];
  const lines = outer === undefined ? new Map<string, number>() : nameLines(outer);
  return routes.flatMap((route) => {
    const name = nodeAt(route, ['name']);
    if (name?.kind !== 'scalar' || typeof name.value !== 'string' || name.broken) return [];
    const { at, value } = name;
    const shown = name.substituted ? 'the name' : quote(value);
    const first = lines.get(value);
    if (first !== undefined) {
      const message = `name: ${shown} is taken by the route in line ${first}`;
      return [{ at, message, hint: 'each route has a name of its own' }];
    }
    lines.set(value, at.line);
    const isNews = owners.some((owner) => nodeAt(owner, [value]) !== undefined);
    if (!NEWS.includes(value) || !isNews) return [];
    const message = `name: ${shown} is what \`${value}:\` is called`;
    return [{ at, message, hint: 'give the route another name' }];
  });
}

function nameLines(tree: Tree): Map<string, number> {
  const names = itemsOf(tree, 'routes').map((route) => nodeAt(route, ['name']));
  return new Map(
    names.flatMap((name) =>
      name?.kind === 'scalar' ? [[String(name.value), name.at.line] as const] : [],
    ),
  );
}

/** Without quotes `[a-z]` is a list that holds `a-z`. */
const RANGE = /^\^?[^.]*\w-\w[^.]*$/;

function matchFaults(route: Tree): Fault[] {
  const match = nodeAt(route, ['match']);
  if (match?.kind !== 'list' || !match.flow || match.items.length !== 1) return [];
  const [only] = match.items;
  if (only?.kind !== 'scalar' || !only.plain || !RANGE.test(String(only.value))) return [];
  return [
    {
      at: match.at,
      message: 'match: without quotes YAML takes [ ] for a list',
      hint: "put single quotes around a regex: '[a-z]'",
    },
  ];
}

/** A name is judged when it is looked up; an address that stands there never changes. */
function addressFaults(label: string, route: Tree | undefined): Fault[] {
  if (route === undefined) return [];
  const url = nodeAt(route, ['url']);
  const publicOnly = nodeAt(route, ['publicOnly']);
  if (publicOnly?.kind !== 'scalar' || publicOnly.value !== true) return [];
  if (url?.kind !== 'scalar' || typeof url.value !== 'string' || url.broken) return [];
  const destination = parseDestination(url.value);
  const refused = 'url' in destination ? refusedLiteral(destination.url, true) : undefined;
  if (refused === undefined) return [];
  const hint = 'name a receiver that the internet can reach, or take publicOnly away';
  return [{ at: url.at, message: `${label}: ${refused}`, hint }];
}
