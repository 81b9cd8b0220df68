/**
 * `orgs:` of a tree, before the schema sees it: maps become lists, credentials are looked up, and what only the whole
 * can show is checked. A credential stands in a variable or a file, never in loghook.yaml itself.
 */
import { parseOrgUrl } from '../identity/org-url.ts';
import { quote } from '../quote.ts';
import { openToOthers } from '../secret-file.ts';
import { itemsOf, listByName, routeFaults } from './routes-section.ts';
import { fileNamedBy, type Sources, substitute } from './substitute.ts';
import { type Fault, nodeAt, type ScalarTree, type Tree } from './tree.ts';

/** Keys of an org whose values are secrets. */
const CREDENTIALS = ['token', 'privateKey'];
const REFERENCE_HINT = `write \${NAME} or \${file:PATH}, and put it into that variable or file`;
const OWN_HINT = `it is for OKTA_ORG_URL: give each org in the file one of its own, such as \${OKTA_API_KEY_EMEA} or \${credential:emea-token}`;

export function hasOrgs(tree: Tree): boolean {
  return tree.kind === 'map' && tree.entries.has('orgs');
}

/** Lists routes and orgs that are written as maps. */
export function listAll(tree: Tree): Fault[] {
  return [
    ...listByName(tree, 'routes'),
    ...listByName(tree, 'orgs'),
    ...itemsOf(tree, 'orgs').flatMap((org) => listByName(org, 'routes')),
  ];
}

/** Where the secret of an org came from, in words that hold nothing of it. */
export interface SecretFrom {
  readonly secret: string;
  /** What a person should know of that place. */
  readonly notes: readonly string[];
}

/** Puts what they refer to into the credentials. */
export function fillCredentials(
  tree: Tree,
  sources: Sources,
): { readonly faults: readonly Fault[]; readonly from: readonly SecretFrom[] } {
  const own = { ...sources, tokenHint: OWN_HINT };
  const faults: Fault[] = [];
  const from = itemsOf(tree, 'orgs').map((org) => {
    const found = CREDENTIALS.flatMap((key) => {
      const node = nodeAt(org, [key]);
      return node?.kind === 'scalar' && typeof node.value === 'string' ? [node] : [];
    });
    const written = found.map(({ value }) => String(value));
    faults.push(...found.flatMap((node) => [...substitute(node, own), ...plainFaults(node)]));
    const references = written.filter((text) => REFERENCE.test(text));
    const isWhole = found.every(({ broken }) => broken !== true);
    const notes = isWhole ? references.flatMap((text) => openFile(text, sources)) : [];
    return { secret: references.join(', '), notes };
  });
  return { faults, from };
}

const REFERENCE = /^\$\{[^}]*\}$/;

function openFile(reference: string, sources: Sources): readonly string[] {
  const path = fileNamedBy(reference, sources);
  return path === undefined ? [] : openToOthers(path, reference);
}

function plainFaults(node: ScalarTree): Fault[] {
  if (node.substituted === true) return [];
  node.broken = true;
  return [{ at: node.at, message: 'a secret stands in the file itself', hint: REFERENCE_HINT }];
}

export function orgFaults(tree: Tree): Fault[] {
  const orgs = itemsOf(tree, 'orgs');
  const shared = itemsOf(tree, 'routes').length > 0;
  return [
    ...twins(orgs, 'name', (name) => name),
    ...twins(orgs, 'url', hostOf),
    ...borrowedNames(orgs),
    ...orgs.flatMap((org) => routeFaults(org, tree)),
    ...orgs.filter((org) => !shared && lacksRoutes(org)).map(withoutRoutes),
  ];
}

function hostOf(text: string): string | undefined {
  const parsed = parseOrgUrl(text);
  return 'url' in parsed ? parsed.url.host : undefined;
}

function textAt(org: Tree, key: 'name' | 'url'): (ScalarTree & { value: string }) | undefined {
  const node = nodeAt(org, [key]);
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.broken) return undefined;
  return { ...node, value: node.value };
}

/** Orgs that say the same of themselves as one before them. */
function twins(
  orgs: readonly Tree[],
  key: 'name' | 'url',
  identityOf: (text: string) => string | undefined,
): Fault[] {
  const lines = new Map<string, number>();
  return orgs.flatMap((org) => {
    const node = textAt(org, key);
    if (node === undefined) return [];
    const identity = identityOf(node.value);
    if (identity === undefined) return [];
    const first = lines.get(identity);
    if (first === undefined) {
      lines.set(identity, node.at.line);
      return [];
    }
    const shown = node.substituted ? 'it' : quote(identity);
    const message = `${key}: ${shown} is that of the org in line ${first} too`;
    const hint = key === 'name' ? 'each org has a name of its own' : 'write each org once';
    return [{ at: node.at, message, hint }];
  });
}

/** `--org` takes a name or a host: one that is both, of two orgs, would lead to the wrong one. */
function borrowedNames(orgs: readonly Tree[]): Fault[] {
  const hosts = orgs.map((org) => hostOf(textAt(org, 'url')?.value ?? ''));
  return orgs.flatMap((org, index) => {
    const name = textAt(org, 'name');
    const other = hosts.indexOf(name?.value.toLowerCase());
    const line = orgs[other]?.at.line;
    if (name === undefined || line === undefined || other === index) return [];
    const message = `name: ${quote(name.value)} is the host of the org in line ${line}`;
    return [{ at: name.at, message, hint: 'give it a name that is no host of another' }];
  });
}

function lacksRoutes(org: Tree): boolean {
  return org.kind === 'map' && !org.entries.has('routes');
}

function withoutRoutes({ at }: Tree): Fault {
  const hint = 'write `routes:` into the org, or at the top of the file for all orgs';
  return { at, message: 'the org has no routes', hint };
}
