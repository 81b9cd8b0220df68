/** Writing much to standard output no faster than its reader takes it. */
import { codeOf, StateError } from '../errors.ts';
import type { Output } from './io.ts';

/** Resolves when it is taken, so that a slow reader slows us: true, or false if the reader has gone. @throws StateError */
export async function written(output: Output, chunk: string | Uint8Array): Promise<boolean> {
  const error = await new Promise<Error | undefined>((resolve) => {
    output.write(chunk, (failure) => resolve(failure ?? undefined));
  });
  if (error === undefined) return true;
  const code = codeOf(error);
  if (code === 'EPIPE' || code === 'EIO' || code === 'ERR_STREAM_DESTROYED') return false;
  throw new StateError('standard output', 'write events to', { cause: error });
}
