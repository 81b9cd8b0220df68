/** What a part of the configuration complains of, for tests. */
import assert from 'node:assert/strict';
import { ConfigError } from '../../src/errors.ts';

/** What gives the value that `promise` resolved to, or throws what it rejected with. */
export async function settled<T>(promise: Promise<T>): Promise<() => T> {
  try {
    const value = await promise;
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** `where: message` of each problem of the ConfigError that `read` throws. */
export function complaintsOf(read: () => unknown): string[] {
  return problemsOf(read).map(({ where, message }) => `${where}: ${message}`);
}

export function hintsOf(read: () => unknown): (string | undefined)[] {
  return problemsOf(read).map(({ hint }) => hint);
}

/** Everything that a thrown ConfigError could show anywhere. */
export function allTextOf(read: () => unknown): string {
  return thrownBy(read)
    .flatMap((error) => [error.stack, JSON.stringify(error)])
    .join('\n');
}

function problemsOf(read: () => unknown) {
  return thrownBy(read).flatMap(({ problems }) => problems);
}

function thrownBy(read: () => unknown): ConfigError[] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.cause, undefined);
    return [error];
  }
  return [];
}
