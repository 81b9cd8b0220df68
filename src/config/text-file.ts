/** Reads the small text files that a person writes, and says in words why one cannot be read. Never repeats content. */
import { readFileSync, statSync } from 'node:fs';
import { codeOf, type Problem, reasonOf } from '../errors.ts';

/** Far above any file a person writes; keeps a wrong path from filling the memory. */
const MAX_BYTES = 4 * 1024 * 1024;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

type FileBytes =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'unreadable'; readonly message: string; readonly hint?: string };

/** The whole file. A pipe is read to its end (`--config <(…)`); devices are refused, as they may have none. */
export function readBytes(path: string): FileBytes {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return { kind: 'folder' };
    if (!stats.isFile() && !stats.isFIFO()) return unreadable('it is not a file');
    if (stats.size > MAX_BYTES) return unreadable('it is larger than 4 MiB');
    return { kind: 'read', bytes: readFileSync(path) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unreadable', ...explain(error) };
  }
}

/** `bytes` as text, without a byte order mark; undefined if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Notepad and PowerShell 5 write UTF-16 when nobody asks them to. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

function unreadable(message: string): FileBytes {
  return { kind: 'unreadable', message };
}

function explain(error: unknown): Pick<Problem, 'message' | 'hint'> {
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      message: `permission denied (${code})`,
      hint: 'let the user that loghook runs as read it',
    };
  }
  // Node's own text repeats the path, which may come from a setting; the code says enough.
  return { message: code ?? reasonOf(error) };
}
