/**
 * `orgs:` of a tree, before the schema sees it: maps become lists, credentials are looked up, and what only the whole
 * can show is checked. A credential stands in a variable or a file, never in loghook.yaml itself.
 */
import { parseOrgUrl } from '../identity/org-url.ts';
import { quote } from '../quote.ts';
import { itemsOf, listByName, routeFaults } from './routes-section.ts';
import { type Sources, substitute } from './substitute.ts';
import { type Fault, nodeAt, type ScalarTree, type Tree } from './tree.ts';

/** Keys of an org whose values are secrets. */
const CREDENTIALS = ['token', 'privateKey'];
const REFERENCE_HINT = `write \${NAME} or \${file:PATH}, and put it into that variable or file`;
const OWN_HINT =
  'it is for OKTA_ORG_URL: give each org in the file a variable of its own, like OKTA_API_KEY_EMEA';

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

/**
 * Puts what they refer to into the credentials. `from` says of each org where its secret came from, in words that hold
 * nothing of it.
 */
export function fillCredentials(
  tree: Tree,
  sources: Sources,
): { readonly faults: readonly Fault[]; readonly from: readonly string[] } {
  const own = { ...sources, tokenHint: OWN_HINT };
  const faults: Fault[] = [];
  const from = itemsOf(tree, 'orgs').map((org) => {
    const found = CREDENTIALS.flatMap((key) => {
      const node = nodeAt(org, [key]);
      return node?.kind === 'scalar' && typeof node.value === 'string' ? [node] : [];
    });
    const written = found.map(({ value }) => String(value));
    faults.push(...found.flatMap((node) => [...substitute(node, own), ...plainFaults(node)]));
    return written.filter((text) => REFERENCE.test(text)).join(', ');
  });
  return { faults, from };
}

const REFERENCE = /^\$\{[^}]*\}$/;

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
    ...orgs.flatMap((org) => routeFaults(org, tree)),
    ...orgs.filter((org) => !shared && lacksRoutes(org)).map(withoutRoutes),
  ];
}

function hostOf(text: string): string | undefined {
  const parsed = parseOrgUrl(text);
  return 'url' in parsed ? parsed.url.host : undefined;
}

/** Orgs that say the same of themselves as one before them. */
function twins(
  orgs: readonly Tree[],
  key: 'name' | 'url',
  identityOf: (text: string) => string | undefined,
): Fault[] {
  const lines = new Map<string, number>();
  return orgs.flatMap((org) => {
    const node = nodeAt(org, [key]);
    if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.broken) return [];
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

function lacksRoutes(org: Tree): boolean {
  return org.kind === 'map' && !org.entries.has('routes');
}

function withoutRoutes({ at }: Tree): Fault {
  const hint = 'write `routes:` into the org, or at the top of the file for all orgs';
  return { at, message: 'the org has no routes', hint };
}
