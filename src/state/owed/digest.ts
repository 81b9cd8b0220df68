/** What an event's bytes are known by when they are no longer kept. */
import { hash } from 'node:crypto';

const BYTES = 16;

/** The first half of their SHA-256: a change of them cannot be hidden behind it. */
export function digestOf(raw: Buffer): Buffer {
  return hash('sha256', raw, 'buffer').subarray(0, BYTES);
}
