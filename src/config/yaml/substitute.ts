/**
 * `${NAME}` and `${file:PATH}` inside values. It happens after YAML is read, on single texts, so that nothing in a secret
 * can change what the file says. Messages name the variable or the file, never what is in it.
 */
import { join, resolve } from 'node:path';
import type { Environment } from '../environment.ts';
import { type SecretKind, secretHint } from '../identity/token-guard.ts';
import { quote } from '../quote.ts';
import { decodeUtf8, readBytes } from '../text-file.ts';
import type { Fault, ScalarTree, Tree } from './tree.ts';

const REFERENCE = /\$(\$?)\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const HOW = `write \${NAME} or \${file:PATH}; a plain \${ is written $\${`;

/** The variables that hold what loghook is known by to Okta. */
const SECRET_NAMES: Readonly<Record<string, SecretKind>> = {
  OKTA_API_KEY: 'token',
  OKTA_CLIENT_TOKEN: 'token',
  OKTA_PRIVATE_KEY: 'private key',
  OKTA_CLIENT_PRIVATEKEY: 'private key',
};
/** The files that hold it: the setting that names one, or the name that they have. */
const SECRET_FILES: readonly {
  readonly setting?: string;
  readonly path?: RegExp;
  readonly kind: SecretKind;
}[] = [
  { setting: 'OKTA_API_KEY_FILE', path: /[/\\]okta-api-key$/, kind: 'token' },
  { setting: 'OKTA_PRIVATE_KEY_FILE', path: /[/\\]okta-private-key$/, kind: 'private key' },
  { setting: 'OKTA_CLIENT_PRIVATEKEY', kind: 'private key' },
  { path: /[/\\]\.okta[/\\]okta\.yaml$/, kind: 'token' },
];

export interface Sources {
  readonly environment: Environment;
  /** Relative paths are looked up here. */
  readonly folder: string;
  /** What to do instead, where the token of OKTA_ORG_URL is asked for. */
  readonly tokenHint?: string;
}

type Found = { readonly text: string } | { readonly message: string; readonly hint?: string };

/** Changes the texts of `tree`; returns what could not be found. A node is visited once, however often an alias names it. */
export function substitute(tree: Tree, sources: Sources): Fault[] {
  if (tree.kind === 'list') return tree.items.flatMap((item) => substitute(item, sources));
  if (tree.kind === 'map') {
    return [...tree.entries.values()].flatMap((entry) => substitute(entry.tree, sources));
  }
  if (typeof tree.value !== 'string' || tree.substituted || !tree.value.includes('${')) return [];
  return fill(tree, tree.value, sources);
}

function fill(node: ScalarTree, text: string, sources: Sources): Fault[] {
  const faults: Fault[] = [];
  node.value = text.replace(REFERENCE, (whole, dollar: string, reference: string, end: string) => {
    if (dollar !== '') return whole.slice(1);
    node.substituted = true;
    const found =
      end === '' ? { message: `a \${ is never closed`, hint: HOW } : find(reference, sources);
    if ('text' in found) return found.text;
    faults.push({ at: node.at, ...found });
    return '';
  });
  if (faults.length > 0) node.broken = true;
  return faults;
}

function find(reference: string, sources: Sources): Found {
  if (reference.includes('whsec_')) {
    return { message: `a secret stands in a \${…}, where a name is wanted`, hint: HOW };
  }
  const [, kind, rest = ''] = /^(file|credential):(.*)$/s.exec(reference) ?? [];
  if (kind === 'file') return fromFile(rest.trim(), sources);
  if (kind === 'credential') return fromCredential(rest.trim(), sources);
  if (!NAME.test(reference)) return { message: `a \${…} names no variable`, hint: HOW };
  const secret = SECRET_NAMES[reference];
  if (secret !== undefined) {
    return { message: `it asks for ${reference}`, hint: sources.tokenHint ?? secretHint(secret) };
  }
  const setting = sources.environment.named(reference);
  if (setting !== undefined) return { text: setting };
  const hint = `set ${reference} in the environment or in .env`;
  return { message: `the variable ${reference} is not set, or empty`, hint };
}

/** systemd.exec(5), "Credentials". */
function fromCredential(name: string, sources: Sources): Found {
  const folder = sources.environment.named('CREDENTIALS_DIRECTORY');
  if (folder === undefined) {
    return {
      message: `there is no credential ${quote(name)}: CREDENTIALS_DIRECTORY is not set`,
      hint: 'systemd sets it for a service with LoadCredential=',
    };
  }
  return readSecret(join(folder, name), `the credential ${quote(name)}`, sources);
}

/** The path of `${file:PATH}`; undefined where that is not what is written. */
export function fileNamedBy(reference: string, sources: Sources): string | undefined {
  const written = /^\$\{file:([^}]*)\}$/s.exec(reference)?.[1];
  return written === undefined ? undefined : pathOf(written.trim(), sources).path;
}

function fromFile(written: string, sources: Sources): Found {
  const { path, variable } = pathOf(written, sources);
  if (path !== undefined) return readSecret(path, `the file ${quote(written)}`, sources);
  const hint = `set ${variable}, or write the path out`;
  return { message: `the variable ${variable} is not set, or empty`, hint };
}

/** It may begin with a variable, `variable`; without a path that is not set. */
function pathOf(written: string, { environment, folder }: Sources) {
  const [, variable, rest = ''] = /^\$(\w+)(.*)$/s.exec(written) ?? [];
  if (variable === undefined) return { path: resolve(folder, written) };
  const base = environment.named(variable);
  return base === undefined ? { variable } : { path: resolve(folder, `${base}${rest}`), variable };
}

function readSecret(path: string, shownAs: string, sources: Sources): Found {
  const { environment, folder, tokenHint } = sources;
  const secret = secretIn(path, environment);
  if (secret !== undefined) {
    return {
      message: `${shownAs} holds the Okta ${secret}`,
      hint: tokenHint ?? secretHint(secret),
    };
  }
  const file = readBytes(path);
  if (file.kind === 'absent') {
    return { message: `${shownAs} is not there`, hint: `relative paths begin at ${folder}` };
  }
  if (file.kind === 'folder') return { message: `${shownAs} is a folder` };
  if (file.kind === 'unreadable') {
    const message = `${shownAs} cannot be read: ${file.message}`;
    return { message, ...(file.hint !== undefined && { hint: file.hint }) };
  }
  const text = decodeUtf8(file.bytes)?.replace(/\r?\n$/, '');
  if (text === undefined) return { message: `${shownAs} is not UTF-8 text` };
  return text === '' ? { message: `${shownAs} is empty` } : { text };
}

/** Settings are looked up in the working folder, as secret-file.ts does. */
function secretIn(path: string, environment: Environment): SecretKind | undefined {
  return SECRET_FILES.find((file) => {
    if (file.path?.test(path)) return true;
    const named = file.setting && environment.get(file.setting)?.value.trim();
    return named ? resolve(environment.withHome(named)) === path : false;
  })?.kind;
}
