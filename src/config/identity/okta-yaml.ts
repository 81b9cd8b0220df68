/** `~/.okta/okta.yaml`, where Okta's SDKs and command line keep their settings. Read last, and only when something is missing. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Environment } from '../environment.ts';
import { refuse } from '../problems.ts';
import { openToOthers } from '../secret-file.ts';
import { decodeUtf8, readBytes } from '../text-file.ts';
import type { Found } from './found.ts';
import { chosenByMode, keyOrFile } from './other-tools.ts';
import type { FoundSettings } from './sources.ts';

const OKTA_YAML = '~/.okta/okta.yaml';

export interface OktaYaml extends FoundSettings {
  readonly orgUrl?: Found | undefined;
}

/** Nothing where there is no home or no such file. Throws ConfigError when it is there and cannot be used. */
export function readOktaYaml(environment: Environment): OktaYaml {
  const { homedir } = environment;
  if (homedir === undefined) return {};
  const folder = join(homedir, '.okta');
  const path = join(folder, 'okta.yaml');
  const text = readText(path);
  if (text === undefined) return {};
  const client = clientOf(text);
  const notes = openToOthers(path, OKTA_YAML);
  const find = (name: string): Found | undefined => foundIn(client, name);
  const orgUrl = find('orgUrl');
  const secret = (found: Found): Found =>
    orgUrl === undefined ? found : { ...found, beside: orgUrl };
  const token = find('token');
  const key = find('privateKey');
  const found = chosenByMode(find('authorizationMode'), {
    token: token && secret({ ...token, notes }),
    clientId: find('clientId'),
    privateKey:
      key && secret(keyOrFile({ ...key, notes }, environment.withHome(key.value), folder)),
    keyId: find('keyId'),
    scopes: find('scopes'),
  });
  return { ...found, orgUrl };
}

function readText(path: string): string | undefined {
  const file = readBytes(path);
  if (file.kind === 'absent') return undefined;
  if (file.kind === 'folder') refuse(OKTA_YAML, 'it is a folder, not a file');
  if (file.kind === 'unreadable') {
    refuse(OKTA_YAML, `could not read it: ${file.message}`, file.hint);
  }
  const text = decodeUtf8(file.bytes);
  return text ?? refuse(OKTA_YAML, 'it is not UTF-8 text', 'save it as UTF-8');
}

type Mapping = Readonly<Record<string, unknown>>;

/** What stands below `okta:` and `client:`. The parser's own words may repeat what is there, so only the line is said. */
function clientOf(text: string): Mapping {
  const { parseDocument } = loadYaml();
  const document = parseDocument(text, { logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) refuseYaml(error.linePos?.[0].line);
  let root: unknown;
  try {
    root = document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) refuseYaml(undefined); // an alias of nothing, or of far too much
    throw error;
  }
  const okta = isMapping(root) ? root.okta : undefined;
  const client = isMapping(okta) ? okta.client : undefined;
  return isMapping(client) ? client : {};
}

function refuseYaml(line: number | undefined): never {
  refuse(
    OKTA_YAML,
    line === undefined ? 'it is not YAML' : `it is not YAML: see line ${line}`,
    'put it right, or set OKTA_ORG_URL and OKTA_API_KEY, so that it is not looked at',
  );
}

/** Only who has the file waits for the parser; and what reads settings need not wait at all. */
function loadYaml(): typeof import('yaml') {
  return createRequire(import.meta.url)('yaml') as typeof import('yaml'); // the package of that name
}

/** Texts and numbers as text, a list with blanks between, a mapping (a JWK) as JSON: as the SDKs take them. */
function foundIn(client: Mapping, name: string): Found | undefined {
  const value = textOf(client[name]);
  if (value.trim() === '') return undefined;
  const where = `okta.client.${name} in ${OKTA_YAML}`;
  return { value, where, from: where, isFromDotEnv: false };
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  return isMapping(value) ? JSON.stringify(value) : String(value);
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
