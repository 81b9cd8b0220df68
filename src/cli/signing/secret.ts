/** `loghook secret new` and `loghook secret check`. A secret stands on stdout only where it is new. */
import { refuse } from '../../config/problems.ts';
import { decodeUtf8 } from '../../config/text-file.ts';
import { fingerprintOf, newSecret, parseSecret } from '../../delivery/signing/secret.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { inputBytes, variable } from './input.ts';

interface CheckFlags {
  readonly env?: string;
}

export function makeSecret(io: Io): number {
  io.stdout.write(`${newSecret()}\n`);
  return EXIT.asAsked;
}

/** @throws ConfigError with the part that is wrong */
export async function checkSecret(
  file: string | undefined,
  flags: CheckFlags,
  io: Io,
): Promise<number> {
  if (file !== undefined && flags.env !== undefined) {
    refuse('secret check', 'there are two places to read from', 'Give a file or --env, not both.');
  }
  const text =
    flags.env === undefined
      ? decodeUtf8(await inputBytes(file, 'secret', io))
      : variable(flags.env, '--env', io);
  const parsed = text === undefined ? { error: 'it is not text', hint: '' } : parseSecret(text);
  if ('error' in parsed)
    refuse('secret', parsed.error, parsed.hint === '' ? undefined : parsed.hint);
  const { key } = parsed;
  io.stdout.write(`well formed: ${key.length} bytes, fingerprint ${fingerprintOf(key)}\n`);
  return EXIT.asAsked;
}
