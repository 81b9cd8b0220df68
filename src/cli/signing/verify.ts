/** `loghook verify`: whether a request is signed as it should be, and which part of it is wrong. */
import { refuse } from '../../config/problems.ts';
import { type Claim, type Fault, verify } from '../../delivery/signing/verification.ts';
import { parseDuration } from '../../duration.ts';
import { ConfigError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { inputBytes, instantOf, type SecretFlags, secretsOf } from './input.ts';
import { addHeader, type Headers, parseRequest } from './raw-request.ts';

/** As the libraries have it. */
const TOLERANCE_MS = 5 * 60_000;

interface VerifyFlags extends SecretFlags {
  readonly header?: readonly string[];
  readonly request?: string;
  readonly tolerance?: string;
  readonly now?: string;
}

/** @throws ConfigError with every part that is wrong */
export async function verifyRequest(
  file: string | undefined,
  flags: VerifyFlags,
  io: Io,
): Promise<number> {
  const now = instantOf(flags.now, '--now');
  const toleranceMs = toleranceOf(flags.tolerance);
  const secrets = await secretsOf(flags, io);
  const keys = secrets.filter(({ until = now + 1 }) => now < until).map(({ key }) => key);
  const found = verify(await claimOf(file, flags, io), { keys, toleranceMs, now });
  if ('faults' in found) throw new ConfigError(found.faults.map(problemOf));
  const seconds = Math.round((now - found.signedAt) / 1_000);
  const when = seconds < 0 ? `${-seconds} s ahead of this clock` : `${seconds} s ago`;
  io.stdout.write(`${printable(`valid: ${found.id}, signed ${when}`)}\n`);
  return EXIT.asAsked;
}

async function claimOf(file: string | undefined, flags: VerifyFlags, io: Io): Promise<Claim> {
  const { header = [], request } = flags;
  if (request === undefined) {
    const headers: Headers = new Map();
    for (const line of header) addHeader(headers, line, '--header');
    return { headers, body: await inputBytes(file, 'body', io) };
  }
  if (header.length > 0 || file !== undefined) {
    refuse('--request', 'it holds headers and body', 'Leave --header and the body away.');
  }
  return parseRequest(await inputBytes(request, 'request', io));
}

function toleranceOf(text: string | undefined): number {
  if (text === undefined) return TOLERANCE_MS;
  return parseDuration(text) ?? refuse('--tolerance', 'it is no duration', 'Write it like 5m.');
}

function problemOf({ part, error, hint }: Fault) {
  return { where: part, message: error, ...(hint !== undefined && { hint }) };
}
