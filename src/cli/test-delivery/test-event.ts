/**
 * The one event that a test sends. It says in three places that it is none of Okta's: its uuid and so `webhook-id` begin
 * with `test-`, its debugData holds `loghookTest`, and the request has a header of its own.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { didYouMean } from '../../config/did-you-mean.ts';
import { refuse } from '../../config/problems.ts';
import { quote } from '../../config/quote.ts';
import { decodeUtf8, readBytes } from '../../config/text-file.ts';
import type { LogEvent } from '../../event.ts';
import { PRACTICE_EVENT_TYPES, practiceEventOf, seededRandom } from '../../practice/events.ts';
import type { Route } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import { alertOf } from '../../status/telling/alerts.ts';
import { setPath } from './set-path.ts';

export interface EventFlags {
  readonly type?: string;
  readonly event?: string;
  readonly set?: readonly string[];
}

interface TestEvent {
  readonly event: LogEvent;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

const USUAL_TYPE = 'user.session.start';
/** What goes where no event of Okta's goes: to `alerts`. */
const ALERT_TYPE = 'loghook.route.held';
const LONGEST_TYPE = 256;

/** `path` of `--event` is absolute. @throws ConfigError */
export function testEvent(route: Route, flags: EventFlags, now: number): TestEvent {
  const id = `test-${randomUUID()}`;
  const { type, event: path, set = [] } = flags;
  if (path !== undefined) {
    if (type !== undefined)
      refuse('--type', 'it does not go with --event', 'leave one of them out');
    return fromFile(path, { id, set, route });
  }
  return made(typeFor(route, type), now, { id, set, route });
}

/** The heartbeat carries no event. @throws ConfigError if one is asked for */
export function refuseEvent({ type, event, set = [] }: EventFlags): void {
  if (type === undefined && event === undefined && set.length === 0) return;
  refuse('heartbeat', 'it is a ping and carries no event', 'leave --type, --event and --set out');
}

interface Wish {
  readonly id: string;
  readonly set: readonly string[];
  readonly route: Route;
}

function made({ type, notes, isUnwanted }: Typed, now: number, wish: Wish): TestEvent {
  const fields = objectIn(plainEvent(type, now).toString());
  if (fields === undefined) throw new Error('a practice event is no JSON object');
  const event = changed(fields, wish);
  return { event, notes: isUnwanted ? notes : [...notes, ...wantedNotes(wish.route, event)] };
}

/** With what `--set` says, and marked. */
function changed(fields: Record<string, unknown>, { id, set }: Wish): LogEvent {
  for (const written of set) setPath(fields, written);
  if (set.some((written) => /^\s*uuid\s*=/.test(written))) {
    refuse('--set', 'the uuid says that it is a test, and stays', 'leave it out');
  }
  fields.uuid = id;
  mark(fields);
  return eventIn(fields, Buffer.from(JSON.stringify(fields)), id);
}

function plainEvent(type: string, now: number): Buffer {
  if (type !== ALERT_TYPE) return practiceEventOf(type, seededRandom(now >>> 0), now);
  const from = { version: 'test', org: 'test', host: hostname() };
  const message = 'A test: no route is held, nothing has to be done';
  return alertOf(from, { kind: ALERT_TYPE, subject: 'test', beganAt: now, message }, now).raw;
}

/** Its bytes go as they are, unless something of it is to be changed. */
function fromFile(path: string, wish: Wish): TestEvent {
  const where = '--event';
  const file = readBytes(path);
  if (file.kind === 'absent') return refuse(where, `there is no file ${path}`);
  if (file.kind === 'folder') return refuse(where, `${path} is a folder, not a file`);
  if (file.kind === 'unreadable') {
    return refuse(where, `could not read ${path}: ${file.message}`, file.hint);
  }
  const text = decodeUtf8(file.bytes);
  if (text === undefined) return refuse(where, `${path} is not UTF-8 text`, 'save it as UTF-8');
  const fields = objectIn(text);
  if (fields === undefined) {
    const hint = 'one event as Okta wrote it, such as a line of `loghook tail --since 1h`';
    return refuse(where, `${path} does not hold one JSON object`, hint);
  }
  const { id, set, route } = wish;
  if (set.length === 0) {
    const event = eventIn(fields, file.bytes, id);
    return { event, notes: wantedNotes(route, event) };
  }
  const event = changed(fields, wish);
  return { event, notes: [CHANGED_FILE, ...wantedNotes(route, event)] };
}

const CHANGED_FILE =
  'the file is changed by --set: it is written anew and marked, not byte for byte';

interface Typed {
  readonly type: string;
  readonly notes: readonly string[];
  /** It is said already that the route does not want it. */
  readonly isUnwanted?: boolean;
}

function typeFor(route: Route, written: string | undefined): Typed {
  if (written !== undefined) return namedType(written.trim());
  if (route.patterns.length === 0) return { type: ALERT_TYPE, notes: [], isUnwanted: true };
  const routes = new Routes([{ ...route, enabled: true }]);
  const isWanted = (type: string) => routes.wantedBy({ eventType: type }).length > 0;
  const wanted = isWanted(USUAL_TYPE) ? USUAL_TYPE : PRACTICE_EVENT_TYPES.find(isWanted);
  if (wanted !== undefined) return { type: wanted, notes: [] };
  const note = `the route wants none of the event types known here, nor ${USUAL_TYPE}: name another with --type`;
  return { type: USUAL_TYPE, notes: [note], isUnwanted: true };
}

function namedType(type: string): Typed {
  if (type === '' || type.length > LONGEST_TYPE || /[\s\p{C}]/u.test(type)) {
    refuse('--type', `${quote(type)} is no event type`, `write it like ${USUAL_TYPE}`);
  }
  if (PRACTICE_EVENT_TYPES.includes(type)) return { type, notes: [] };
  const meant = didYouMean(type, PRACTICE_EVENT_TYPES);
  const question = meant === undefined ? '' : `; did you mean ${meant}?`;
  return { type, notes: [`${type} is not known here, the event is a guess${question}`] };
}

function wantedNotes(route: Route, event: LogEvent): string[] {
  const isWanted = new Routes([{ ...route, enabled: true }]).wantedBy(event).length > 0;
  return isWanted
    ? []
    : [`the route would not want ${event.eventType ?? 'an event without a type'}`];
}

function mark(fields: Record<string, unknown>): void {
  const context = objectOr(fields.debugContext);
  fields.debugContext = {
    ...context,
    debugData: { ...objectOr(context.debugData), loghookTest: 'true' },
  };
}

function eventIn(fields: Readonly<Record<string, unknown>>, raw: Buffer, id: string): LogEvent {
  const { uuid, eventType, published } = fields;
  return {
    id,
    raw,
    ...(typeof uuid === 'string' && { uuid }),
    ...(typeof eventType === 'string' && { eventType }),
    ...(typeof published === 'string' && { published }),
  };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function objectOr(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
