/** The orgs of a file by name and URL alone, for whoever looks at state: no secret of it is read, nor need it be whole. */
import { dirname } from 'node:path';
import type { Environment } from '../environment.ts';
import { parseOrgUrl } from '../identity/org-url.ts';
import { decodeUtf8, readBytes } from '../text-file.ts';
import { itemsOf, listByName } from './routes-section.ts';
import { type Sources, substitute } from './substitute.ts';
import { nodeAt, parseTree, type Tree } from './tree.ts';

interface OrgName {
  readonly name: string;
  readonly url: URL;
}

/** What cannot be read is left out. */
export function orgNames(path: string, environment: Environment): readonly OrgName[] {
  const file = readBytes(path);
  const text = file.kind === 'read' ? decodeUtf8(file.bytes) : undefined;
  const { tree } = text === undefined ? {} : parseTree(text);
  if (tree === undefined) return [];
  listByName(tree, 'orgs');
  return itemsOf(tree, 'orgs').flatMap((org) => {
    const sources = { environment, folder: dirname(path) };
    const [name, url] = [textOf(org, 'name', sources), textOf(org, 'url', sources)];
    const parsed = url === undefined ? undefined : parseOrgUrl(url);
    if (name === undefined || parsed === undefined || 'error' in parsed) return [];
    return [{ name, url: parsed.url }];
  });
}

function textOf(org: Tree, key: string, sources: Sources): string | undefined {
  const node = nodeAt(org, [key]);
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  return substitute(node, sources).length > 0 ? undefined : node.value;
}
