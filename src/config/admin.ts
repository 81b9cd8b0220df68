/** The admin server: whether there is one, where it listens, whom it believes, and what it calls ill. */
import { isIP } from 'node:net';
import { parseDuration } from '../duration.ts';
import { type Interval, longestIntervalMs } from '../okta/poll-interval.ts';
import type { Environment } from './environment.ts';
import { readAll, refuse } from './problems.ts';
import { quote } from './quote.ts';
import { openToOthers, readCredential, readNamedFile, type SecretFile } from './secret-file.ts';
import { pick } from './settings.ts';

/** Where systemd's LoadCredential puts it (systemd.exec(5), "Credentials"). */
const CREDENTIAL = 'loghook-admin-token';
const HOLDS = 'the admin token';
/** What can be tried in a lifetime is far less. */
const SHORTEST_TOKEN = 16;
const DEFAULT_QUEUE_AGE_MS = 3_600_000;

export interface AdminSettings {
  /** What asked for it, for messages. */
  readonly where: string;
  readonly address: AdminAddress;
  /** Names by which it may be asked for, besides its own; lower case. */
  readonly hosts: readonly string[];
  /** Without one nothing but reading is allowed. */
  readonly token?: string;
  /** The last good poll may be this old; undefined: as the interval says. */
  readonly pollAgeMs?: number;
  /** The oldest event that waits may be this old. */
  readonly queueAgeMs: number;
  /** What a person should know. */
  readonly notes: readonly string[];
}

interface AdminAddress {
  /** Without brackets. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly isLoopback: boolean;
}

/** Undefined when nobody asked for one. Throws ConfigError. A relative token file is looked up in `cwd`. */
export function adminSettings(
  flag: string | undefined,
  environment: Environment,
  cwd: string,
): AdminSettings | undefined {
  const written = pick('--admin', flag, 'LOGHOOK_ADMIN', environment);
  if (written === undefined) return undefined;
  const { token, pollAgeMs, ...rest } = readAll({
    address: () => parseAddress(written.where, written.value.trim()),
    hosts: () => parseHosts(environment),
    token: () => readToken(environment, cwd),
    pollAgeMs: () => age('LOGHOOK_HEALTH_POLL_AGE', environment),
    queueAgeMs: () => age('LOGHOOK_HEALTH_QUEUE_AGE', environment) ?? DEFAULT_QUEUE_AGE_MS,
  });
  return Object.freeze({
    where: written.where,
    ...rest,
    ...(token !== undefined && { token: token.value }),
    notes: token?.notes ?? [],
    ...(pollAgeMs !== undefined && { pollAgeMs }),
  });
}

const ADDRESS = /^(?:(?<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+):)?(?<port>\d{1,5})$/i;

function parseAddress(where: string, text: string): AdminAddress {
  const hint =
    'write an address and a port, like 127.0.0.1:9464 or [::1]:9464; a port alone is on this machine only';
  const { host = '127.0.0.1', port = '' } = ADDRESS.exec(text)?.groups ?? {};
  if (port === '') refuse(where, `${quote(text)} is not an address to listen on`, hint);
  if (Number(port) > 65_535) refuse(where, `there is no port ${port}`, hint);
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  // A resolver would take 127.1 or 2130706433 for an address, and nobody could tell whose it is.
  if (/^[\d.:]+$/.test(bare) && isIP(bare) === 0) {
    refuse(where, `${quote(host)} is not an address`, hint);
  }
  const named = bare === 'localhost' ? '127.0.0.1' : bare;
  return { host: named, port: Number(port), isLoopback: isLoopback(named) };
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function parseHosts(environment: Environment): readonly string[] {
  const setting = environment.get('LOGHOOK_ADMIN_HOSTS');
  const names = (setting?.value ?? '').toLowerCase().split(/[\s,]+/);
  const hosts = names.filter((name) => name !== '');
  const wrong = hosts.find((name) => !/^[a-z0-9._-]+$/.test(name));
  if (wrong === undefined) return hosts;
  return refuse(
    'LOGHOOK_ADMIN_HOSTS',
    `${quote(wrong)} is not a host name`,
    'write names without a port, with commas between them',
  );
}

function age(name: string, environment: Environment): number | undefined {
  const setting = environment.get(name);
  if (setting === undefined) return undefined;
  const ms = parseDuration(setting.value, 's');
  if (ms !== undefined && ms > 0) return ms;
  return refuse(name, `${quote(setting.value)} is not a duration`, 'write one like 5m or 1h');
}

/** Of one org, which is read as `interval` says: a limit that is red between any two polls tells nobody anything. */
export function pollAgeNotes({ pollAgeMs }: AdminSettings, interval: Interval): readonly string[] {
  const longestMs = longestIntervalMs(interval);
  if (pollAgeMs === undefined || pollAgeMs > longestMs) return [];
  const [limit, wait] = [pollAgeMs, longestMs].map((ms) => `${ms / 1_000} s`);
  return [
    `LOGHOOK_HEALTH_POLL_AGE: ${limit} is no more than the longest wait between two polls (${wait}): /healthz will be red between them`,
  ];
}

interface Token {
  readonly value: string;
  readonly notes: readonly string[];
}

/** Never repeats any of it. */
function readToken(environment: Environment, cwd: string): Token | undefined {
  const token = environment.get('LOGHOOK_ADMIN_TOKEN');
  const file = environment.get('LOGHOOK_ADMIN_TOKEN_FILE');
  if (token !== undefined && file !== undefined) {
    refuse(
      'LOGHOOK_ADMIN_TOKEN',
      'both LOGHOOK_ADMIN_TOKEN and LOGHOOK_ADMIN_TOKEN_FILE are set',
      'unset one of them',
    );
  }
  if (token !== undefined) return { value: cleanToken(token.name, token.value), notes: [] };
  if (file === undefined) {
    const given = readCredential(environment, CREDENTIAL, HOLDS);
    return given && { value: cleanToken(given.where, given.value), notes: [] };
  }
  const found = readNamedFile(fileOf(file.name), file.value.trim(), cwd);
  const notes = openToOthers(found.path ?? '', file.name);
  return { value: cleanToken(found.where, found.value), notes };
}

function fileOf(where: string): SecretFile {
  return { where, holds: HOLDS, directName: 'LOGHOOK_ADMIN_TOKEN' };
}

function cleanToken(where: string, text: string): string {
  const token = text.trim();
  const hint = 'make one with: openssl rand -hex 32';
  if (token.length < SHORTEST_TOKEN) {
    refuse(where, `the token has fewer than ${SHORTEST_TOKEN} characters`, hint);
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    refuse(where, 'the token holds a character that no header can carry', hint);
  }
  return token;
}
