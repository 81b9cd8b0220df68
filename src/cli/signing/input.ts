/** What `secret`, `sign` and `verify` work on: secrets, bodies, instants. No secret is taken from the command line itself. */
import { resolve } from 'node:path';
import { SystemClock } from '../../clock.ts';
import { parseInstant } from '../../config/instant.ts';
import { refuse } from '../../config/problems.ts';
import { loadRoutesAlone } from '../../config/reload.ts';
import { decodeUtf8, readBytes } from '../../config/text-file.ts';
import { parseSecret } from '../../delivery/signing/secret.ts';
import type { SigningSecret } from '../../delivery/signing/signature.ts';
import type { Io } from '../io.ts';
import { routeNamed } from '../route-named.ts';

const MOST_BYTES = 64 * 1024 * 1024;

export interface SecretFlags {
  readonly secretEnv?: string;
  readonly secretFile?: string;
  readonly config?: string;
  readonly org?: string;
  readonly route?: string;
}

/** From where the flags say: a variable, a file, or a route. @throws ConfigError */
export async function secretsOf(flags: SecretFlags, io: Io): Promise<readonly SigningSecret[]> {
  const { secretEnv, secretFile, route } = flags;
  const given = [secretEnv, secretFile, route].filter((flag) => flag !== undefined);
  if (given.length !== 1) {
    refuse(
      'secret',
      given.length === 0 ? 'nothing says where it is' : 'there are several places to take it from',
      'Give one of --secret-env NAME, --secret-file FILE, or --route NAME.',
    );
  }
  if (route !== undefined) return secretsOfRoute(route, flags, io);
  const [where, text] =
    secretEnv === undefined
      ? [`--secret-file ${secretFile}`, fileText(secretFile ?? '', '--secret-file', io)]
      : [`--secret-env ${secretEnv}`, variable(secretEnv, '--secret-env', io)];
  const parsed = parseSecret(text);
  if ('error' in parsed) refuse(where, parsed.error, parsed.hint);
  return [parsed];
}

async function secretsOfRoute(
  written: string,
  { config, org }: SecretFlags,
  { env, cwd }: Io,
): Promise<readonly SigningSecret[]> {
  const { routes } = await loadRoutesAlone({ flags: { config, org }, env, cwd });
  const { name, secrets = [] } = routeNamed(
    [...routes.all, ...routes.disabled],
    written,
    '--route',
  );
  if (secrets.length > 0) return secrets;
  return refuse('--route', `${name} has no secrets`, 'Write `secrets:` into it in loghook.yaml.');
}

/** A variable's value. `flag` names it in messages. @throws ConfigError */
export function variable(name: string, flag: string, { env }: Io): string {
  const value = env[name];
  if (value !== undefined) return value;
  const isSecret = !/^\w{1,64}$/.test(name) || name.startsWith('whsec_');
  return isSecret
    ? refuse(
        flag,
        'this is not the name of a variable',
        'Never write a secret on a command line: others can see it there.',
      )
    : refuse(flag, `the variable ${name} is not set`);
}

/** @throws ConfigError */
function fileText(path: string, flag: string, io: Io): string {
  const text = decodeUtf8(fileBytes(path, flag, io));
  return text ?? refuse(flag, 'it is not UTF-8 text');
}

/** @throws ConfigError */
function fileBytes(path: string, flag: string, { cwd }: Io): Buffer {
  if (path.startsWith('whsec_')) {
    refuse(
      flag,
      'this is a secret, where a file is wanted',
      'Never write a secret on a command line: others can see it there.',
    );
  }
  const file = readBytes(resolve(cwd, path));
  if (file.kind === 'read') return file.bytes;
  if (file.kind === 'absent') return refuse(flag, `there is no file ${path}`);
  if (file.kind === 'folder') return refuse(flag, `${path} is a folder`);
  return refuse(flag, `could not read ${path}: ${file.message}`, file.hint);
}

/** The file, or stdin where there is none or `-`. @throws ConfigError */
export async function inputBytes(path: string | undefined, what: string, io: Io): Promise<Buffer> {
  if (path !== undefined && path !== '-') return fileBytes(path, what, io);
  const stdin = io.stdin();
  if (stdin.isTTY === true) io.stderr.write(`type the ${what}, and end it with ^D\n`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MOST_BYTES) refuse(what, 'it is larger than 64 MiB');
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}

/** Ms since 1970, from seconds since 1970 or a time; now where nothing is written. @throws ConfigError */
export function instantOf(text: string | undefined, flag: string): number {
  const now = new SystemClock().now();
  if (text === undefined) return now;
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1_000;
  const at = parseInstant(text, now);
  if (typeof at === 'number') return at;
  return refuse(
    flag,
    at.error,
    'Write seconds since 1970, or a time such as 2026-11-20T10:00:00Z.',
  );
}
