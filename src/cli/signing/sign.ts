/** `loghook sign`: the three headers that a receiver should see for a body. */
import { randomUUID } from 'node:crypto';
import { refuse } from '../../config/problems.ts';
import { Signer } from '../../delivery/signing/signature.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { inputBytes, instantOf, type SecretFlags, secretsOf } from './input.ts';

interface SignFlags extends SecretFlags {
  readonly id?: string;
  readonly timestamp?: string;
}

/** @throws ConfigError */
export async function sign(file: string | undefined, flags: SignFlags, io: Io): Promise<number> {
  const secrets = await secretsOf(flags, io);
  const at = instantOf(flags.timestamp, '--timestamp');
  const id = flags.id ?? randomUUID();
  if (!/^[\x21-\x7e]{1,256}$/.test(id)) {
    refuse('--id', 'it is no id', 'Write up to 256 characters without white space.');
  }
  const body = await inputBytes(file, 'body', io);
  const headers = new Signer(secrets).headers(id, body, at);
  if (!headers.includes('webhook-signature')) {
    refuse(
      '--route',
      'the time of all of its secrets is over',
      'Put a new one first, without until.',
    );
  }
  for (let n = 0; n < headers.length; n += 2) {
    io.stdout.write(`${headers[n]}: ${headers[n + 1]}\n`);
  }
  return EXIT.asAsked;
}
