/** What a person writes into the routes file: loghook.csv or loghook.yaml, as text on a disk, read by the real loaders. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Environment } from '../../../src/config/environment.ts';
import { findRouteFile, routeFileReader } from '../../../src/config/route-file.ts';
import { int, pick, type Random } from '../../../src/practice/random.ts';
import type { Routes } from '../../../src/routing/routes.ts';

export type Kind = 'csv' | 'yaml';

/** What only loghook.yaml can say; in loghook.csv none of it holds. */
export interface Terms {
  readonly order?: 'key' | 'strict';
  readonly rate?: { readonly text: string; readonly count: number; readonly perMs: number };
  readonly concurrency?: number;
  readonly maxAge?: { readonly text: string; readonly ms: number };
  /** Each of them verifies; the newest first. */
  readonly secrets: readonly string[];
}

/** A route as the test writes it down: which receiver, which path, which pattern, on what terms. */
export interface PaperRoute {
  readonly receiver: number;
  readonly path: string;
  readonly pattern: RegExp;
  readonly terms: Terms;
}

export interface Paper {
  readonly kind: Kind;
  readonly routes: readonly PaperRoute[];
}

/** Of these lines. */
export function csvOf(routes: readonly Omit<PaperRoute, 'terms'>[]): Paper {
  return { kind: 'csv', routes: routes.map((route) => ({ ...route, terms: { secrets: [] } })) };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ORDERS = [undefined, undefined, 'key', 'key', 'strict'] as const;
const RATES = [
  { text: '1/s', count: 1, perMs: 1_000 },
  { text: '10/m', count: 10, perMs: MINUTE },
  { text: '7/m', count: 7, perMs: MINUTE },
  { text: '100/h', count: 100, perMs: HOUR },
];
const AGES = [
  { text: '3m', ms: 3 * MINUTE },
  { text: '1h', ms: HOUR },
  { text: '2d', ms: 48 * HOUR },
];

export function drawTerms(random: Random, path: string): Terms {
  const order = ORDERS[int(random, ORDERS.length)];
  const rate = random() < 0.3 ? pick(random, RATES) : undefined;
  const concurrency = random() < 0.3 ? 1 + int(random, 3) : undefined;
  const maxAge = random() < 0.25 ? pick(random, AGES) : undefined;
  return {
    secrets: drawSecrets(random, path),
    ...(order !== undefined && { order }),
    ...(rate !== undefined && { rate }),
    ...(concurrency !== undefined && { concurrency }),
    ...(maxAge !== undefined && { maxAge }),
  };
}

/** One, or two while the old one is being replaced. */
export function drawSecrets(random: Random, path: string): string[] {
  const newest = int(random, 4);
  const secretOf = (n: number) =>
    `whsec_${createHash('sha256').update(`${path} ${n}`).digest('base64')}`;
  return random() < 0.5 ? [secretOf(newest)] : [secretOf(newest + 1), secretOf(newest)];
}

/** Under which its row in the state folder goes: a route that moves between the kinds of file has two. */
export function homeOf(kind: Kind, path: string): string {
  return `${kind} ${path}`;
}

export function wordsOf({ terms }: PaperRoute): string {
  const { order, rate, concurrency, maxAge } = terms;
  const said = [
    order,
    rate?.text,
    concurrency && `${concurrency} at once`,
    maxAge && `max ${maxAge.text}`,
  ];
  return said.filter((one) => one !== undefined).join(' ');
}

/** Writes the file into `folder`, where the other kind's goes, and reads it as the daemon does. */
export async function putOnDisk(
  { kind, routes }: Paper,
  folder: string,
  urlOf: (route: PaperRoute) => string,
): Promise<Routes> {
  mkdirSync(folder, { recursive: true });
  for (const name of ['loghook.csv', 'loghook.yaml']) rmSync(join(folder, name), { force: true });
  const secrets = new Map<string, string>();
  const text =
    kind === 'csv'
      ? routes.map((route) => `"${route.pattern.source}",${urlOf(route)}\n`).join('')
      : stringify({ routes: routes.map((route) => written(route, urlOf(route), secrets)) });
  writeFileSync(join(folder, `loghook.${kind}`), text);
  const read = await routeFileReader(findRouteFile(undefined, folder));
  return read(new Environment(Object.fromEntries(secrets))).routes;
}

/** Puts its secrets into the environment, `secrets`. */
function written({ path, pattern, terms }: PaperRoute, url: string, secrets: Map<string, string>) {
  const { order, rate, concurrency, maxAge } = terms;
  const name = path.slice(1);
  const named = terms.secrets.map((secret, n) => {
    const variable = `SECRET_${name.toUpperCase()}_${n}`;
    secrets.set(variable, secret);
    return `\${${variable}}`;
  });
  const [first, ...old] = named;
  return {
    name,
    match: pattern.source,
    url,
    secrets: [first, ...old.map((secret) => ({ secret, until: '2036-01-01' }))],
    ...(order !== undefined && { order }),
    ...(rate !== undefined && { rate: rate.text }),
    ...(concurrency !== undefined && { concurrency }),
    ...(maxAge !== undefined && { maxAge: maxAge.text }),
  };
}
