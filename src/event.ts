/** An event as loghook knows it: its identity, the three fields that are read, and the bytes that Okta wrote. */
import { createHash } from 'node:crypto';

/** Ids that may stand in a header, a file or a terminal line as they are. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface LogEvent {
  /** The uuid if it is safe to print, else a hash of `raw`; what deliveries are unique by. */
  readonly id: string;
  readonly uuid?: string;
  readonly eventType?: string;
  /** As Okta wrote it; RFC 3339 in every sample known, but nothing here relies on it. */
  readonly published?: string;
  /** The element of Okta's array, byte for byte. Never parsed and printed again. */
  readonly raw: Buffer;
}

/** The identity of an event: `uuid` where it matches `^[A-Za-z0-9_-]{1,64}$`, else a SHA-256 of its bytes. */
export function eventId(uuid: string | undefined, raw: Buffer): string {
  if (uuid !== undefined && SAFE_ID.test(uuid)) return uuid;
  return `sha256-${createHash('sha256').update(raw).digest('base64url')}`;
}

/** The start of an id as a person typed it, for a message: what cannot be one may be a URL, which is never repeated. */
export function shownIdStart(typed: string): string {
  return SAFE_ID.test(typed) && !typed.startsWith('whsec_') ? `"${typed}"` : 'such a text';
}
