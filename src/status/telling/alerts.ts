/**
 * Loghook's own events: what happens to it, as JSON in the shape of an Okta event, so that whatever takes Okta's events
 * takes these too. The id is made from what happened and since when: the same trouble, told twice, is one event.
 */
import { createHash } from 'node:crypto';
import type { LogEvent } from '../../event.ts';

/** Every kind there is; each end stands below its beginning. */
const KINDS = {
  'loghook.route.held': { severity: 'ERROR', result: 'FAILURE' },
  'loghook.route.flowing': { severity: 'INFO', result: 'SUCCESS' },
  'loghook.route.silent': { severity: 'WARN', result: 'FAILURE' },
  'loghook.route.heard': { severity: 'INFO', result: 'SUCCESS' },
  'loghook.okta.refused': { severity: 'ERROR', result: 'FAILURE' },
  'loghook.okta.unreachable': { severity: 'WARN', result: 'FAILURE' },
  'loghook.okta.answering': { severity: 'INFO', result: 'SUCCESS' },
  'loghook.gap': { severity: 'ERROR', result: 'FAILURE' },
  'loghook.dead': { severity: 'ERROR', result: 'FAILURE' },
} as const;

type AlertKind = keyof typeof KINDS;

/** What it is told once by. */
export interface Cause {
  readonly kind: AlertKind;
  /** What it is about: a route's key, an event's id; empty when there is only one. */
  readonly subject: string;
  /** When it began, ms since 1970. */
  readonly beganAt: number;
}

export interface Happening extends Cause {
  /** In plain words, with the next step. */
  readonly message: string;
  readonly reason?: string;
  /** Where it is not as bad as its kind mostly is. */
  readonly severity?: 'WARN';
  /** The name of the route that it is about. */
  readonly route?: string;
  readonly details?: Readonly<Record<string, string | number | readonly string[]>>;
}

/** Where alerts come from. */
export interface Sender {
  readonly version: string;
  /** The org's host. */
  readonly org: string;
  /** The machine's name. */
  readonly host: string;
}

/** A UUID of version 8 (RFC 9562 section 5.8): the first 122 bits of a hash. */
export function alertId({ org }: Sender, { kind, subject, beganAt }: Cause): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([org, kind, subject, beganAt]))
    .digest();
  hash[6] = 0x80 | ((hash[6] ?? 0) & 0x0f);
  hash[8] = 0x80 | ((hash[8] ?? 0) & 0x3f);
  const hex = hash.toString('hex', 0, 16);
  const [, ...parts] = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex) ?? [];
  return parts.join('-');
}

export function alertOf(from: Sender, happening: Happening, now: number): LogEvent {
  const { kind, beganAt, message, reason, route, details = {} } = happening;
  const { severity, result } = KINDS[kind];
  const id = alertId(from, happening);
  const published = new Date(now).toISOString();
  const raw = JSON.stringify({
    uuid: id,
    published,
    eventType: kind,
    version: '0',
    severity: happening.severity ?? severity,
    displayMessage: message,
    actor: { id: 'loghook', type: 'System', displayName: `loghook ${from.version}` },
    outcome: { result, ...(reason !== undefined && { reason }) },
    target: route === undefined ? [] : [{ id: route, type: 'Route', displayName: route }],
    debugContext: { debugData: { since: new Date(beganAt).toISOString(), ...details } },
    org: from.org,
    host: from.host,
  });
  return { id, uuid: id, eventType: kind, published, raw: Buffer.from(raw) };
}
