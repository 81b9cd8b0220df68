/** Writing much to standard output no faster than its reader takes it. */
import { StateError } from '../../errors.ts';
import type { Output } from '../io.ts';
import { isReaderGone } from './lost-output.ts';

/** Resolves when it is taken, so that a slow reader slows us: true, or false if the reader has gone. @throws StateError */
export async function written(output: Output, chunk: string | Uint8Array): Promise<boolean> {
  const error = await new Promise<Error | undefined>((resolve) => {
    output.write(chunk, (failure) => resolve(failure ?? undefined));
  });
  if (error === undefined) return true;
  if (isReaderGone(error)) return false;
  throw new StateError('standard output', 'write events to', { cause: error });
}
