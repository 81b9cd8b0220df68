/**
 * Realistic events for practice, shaped after public samples of the System Log. People, orgs and addresses are invented
 * (example.com, documentation networks). The same seed gives the same events, byte for byte. They are written as text
 * and not by JSON.stringify, because Okta's text holds what that cannot write: `39.0`, `\u0026`, other orders of keys.
 */
import { AGENTS, NETS, PEOPLE, type Person, PLACES, STRANGERS, TARGETS } from './event-cast.ts';
import { type Actor, type EventKind, plausibleKind, type Target } from './event-kind.ts';
import { EVENT_KINDS } from './event-kinds.ts';
import {
  hex,
  id,
  int,
  pick,
  type Random,
  rotated,
  seededRandom,
  uuidV1,
  uuidV4,
} from './random.ts';

export { type Random, seededRandom } from './random.ts';

/** The event types that `practiceEvent` draws from, in alphabetical order. */
export const PRACTICE_EVENT_TYPES: readonly string[] = [
  ...new Set(EVENT_KINDS.map(({ eventType }) => eventType)),
].sort();

/** Endless events, the first published at `from` (epoch ms) and the others `everyMs` apart. */
export function* practiceEvents(
  seed: number,
  { from, everyMs = 1 }: { readonly from: number; readonly everyMs?: number },
): Generator<Buffer, never> {
  const random = seededRandom(seed);
  for (let published = from; ; published += everyMs) yield practiceEvent(random, published);
}

/** One event, published at that epoch ms. */
export function practiceEvent(random: Random, published: number): Buffer {
  return eventOf(drawKind(random), random, published);
}

/** One event of this type; of a type that is not among PRACTICE_EVENT_TYPES a plausible one. */
export function practiceEventOf(eventType: string, random: Random, published: number): Buffer {
  const known = EVENT_KINDS.find((kind) => kind.eventType === eventType);
  return eventOf(known ?? plausibleKind(eventType), random, published);
}

function eventOf(kind: EventKind, random: Random, published: number): Buffer {
  const scene = drawScene(random, kind);
  const fields: [name: string, json: string][] = [
    ['uuid', text(random() < 0.8 ? uuidV1(random, published) : uuidV4(random))],
    ['published', text(new Date(published).toISOString())],
    ['eventType', text(kind.eventType)],
    ['version', '"0"'],
    ['severity', text(kind.severity)],
    ['legacyEventType', text(kind.legacy)],
    ['displayMessage', text(kind.message)],
    ['actor', actorJson(kind.actor, scene)],
    ['client', scene.client],
    ['device', 'null'],
    ['authenticationContext', authenticationContext(random, kind)],
    ['outcome', outcomeJson(random, kind)],
    ['target', targetsJson(random, kind, scene)],
    ['transaction', transaction(random, kind, scene)],
    ['debugContext', debugContext(random, kind, scene)],
    ['securityContext', securityContext(random, kind)],
    ['request', requestJson(kind, scene)],
  ];
  return Buffer.from(object(random() < 0.5 ? fields : rotated(random, fields)));
}

/** What the parts of one event have in common. */
interface Scene {
  readonly user: Person;
  readonly other: Person;
  readonly requestId: string;
  readonly ip: string;
  readonly place: string;
  readonly client: string;
}

const TOTAL_WEIGHT = EVENT_KINDS.reduce((sum, { weight }) => sum + weight, 0);

function drawKind(random: Random): EventKind {
  let left = random() * TOTAL_WEIGHT;
  for (const kind of EVENT_KINDS) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return pick(random, EVENT_KINDS);
}

function drawScene(random: Random, kind: EventKind): Scene {
  const ip =
    random() < 0.1
      ? `2001:db8::${hex(random, 4)}`
      : `${pick(random, NETS)}.${int(random, 254) + 1}`;
  const [city, state, country, postalCode, lat, lon] = pick(random, PLACES);
  const geolocation = random() < 0.9 ? `{"lat":${lat},"lon":${lon}}` : 'null';
  const place = object([
    ['city', text(city)],
    ['state', text(state)],
    ['country', text(country)],
    ['postalCode', text(postalCode)],
    ['geolocation', geolocation],
  ]);
  return {
    user: pick(random, PEOPLE),
    other: pick(random, PEOPLE),
    requestId: id(random, '', 27),
    ip,
    place,
    client: kind.uri === undefined ? NO_CLIENT : clientJson(random, ip, place),
  };
}

const NO_CLIENT =
  '{"userAgent":null,"zone":null,"device":null,"id":null,"ipAddress":null,"geographicalContext":null}';

function clientJson(random: Random, ip: string, place: string): string {
  const [rawUserAgent, os, browser, device] = pick(random, AGENTS);
  return object([
    ['userAgent', JSON.stringify({ rawUserAgent, os, browser })],
    ['zone', '"null"'],
    ['device', text(device)],
    ['id', 'null'],
    ['ipAddress', text(ip)],
    ['geographicalContext', place],
  ]);
}

function actorJson(actor: Actor, { user, requestId }: Scene): string {
  switch (actor) {
    case 'system':
      return '{"id":"00u1oktasystem00Q4x","type":"SystemPrincipal","alternateId":"system@okta.com","displayName":"Okta System","detailEntry":null}';
    case 'client':
      return '{"id":"0oa1practicecli0Q4x","type":"PublicClientApp","alternateId":"0oa1practicecli0Q4x","displayName":"Practice Service","detailEntry":null}';
    case 'stranger': {
      const login = STRANGERS[requestId.charCodeAt(0) % STRANGERS.length] ?? 'unknown';
      return personJson({ id: 'unknown', name: 'unknown', login }, 'User');
    }
    default:
      return personJson(user, 'User');
  }
}

function personJson({ id: personId, name, login }: Person, type: string): string {
  return JSON.stringify({
    id: personId,
    type,
    alternateId: login,
    displayName: name,
    detailEntry: null,
  });
}

function outcomeJson(random: Random, kind: EventKind): string {
  const [result, reason] = pick(random, kind.outcomes);
  return `{"result":${text(result)},"reason":${text(reason)}}`;
}

function targetsJson(random: Random, kind: EventKind, scene: Scene): string {
  if (kind.targets.length === 0) return 'null';
  return `[${kind.targets.map((target) => targetJson(random, target, scene)).join(',')}]`;
}

function targetJson(random: Random, target: Target, { other }: Scene): string {
  if (target === 'User' || target === 'AppUser') return personJson(other, target);
  const [prefix, names, detail] = TARGETS[target];
  return object([
    ['id', text(id(random, prefix, 17))],
    ['type', text(target)],
    ['alternateId', text('unknown')],
    ['displayName', text(pick(random, names))],
    ['detailEntry', detail],
  ]);
}

function transaction(random: Random, kind: EventKind, { requestId }: Scene): string {
  const token = random() < 0.1 && kind.actor === 'admin' ? id(random, '00T', 17) : undefined;
  const detail = token === undefined ? '{}' : `{"requestApiTokenId":${text(token)}}`;
  const type = kind.uri === undefined ? 'JOB' : 'WEB';
  return `{"type":"${type}","id":${text(requestId)},"detail":${detail}}`;
}

function debugContext(random: Random, kind: EventKind, scene: Scene): string {
  if (kind.uri === undefined) return '{"debugData":{}}';
  const fields: [string, string][] = [
    ['requestId', text(scene.requestId)],
    ['requestUri', text(kind.uri)],
    ['url', `"${kind.uri}?fromURI=%2Fhome\\u0026rememberDevice=false"`],
    ['dtHash', text(hex(random, 64))],
    ['threatSuspected', '"false"'],
  ];
  if (kind.actor === 'user') {
    fields.push(['risk', text('{reasons=Anomalous Device, level=MEDIUM}')]);
    fields.push(['behaviors', text('{New Geo-Location=NEGATIVE, New Device=POSITIVE}')]);
  }
  return `{"debugData":${object(fields)}}`;
}

function authenticationContext(random: Random, kind: EventKind): string {
  const session = kind.actor === 'user' || kind.actor === 'admin' ? id(random, '102', 22) : null;
  const factor = kind.eventType === 'user.authentication.auth_via_mfa';
  return object([
    ['authenticationProvider', text(factor ? 'FACTOR_PROVIDER' : null)],
    ['credentialProvider', text(factor ? 'OKTA_CREDENTIAL_PROVIDER' : null)],
    ['credentialType', text(factor ? 'OTP' : null)],
    ['issuer', 'null'],
    ['interface', 'null'],
    ['authenticationStep', '0'],
    ['rootSessionId', text(session)],
    ['externalSessionId', text(session)],
  ]);
}

function securityContext(random: Random, kind: EventKind): string {
  if (kind.uri === undefined || random() < 0.3) {
    return '{"asNumber":null,"asOrg":null,"isp":null,"domain":null,"isProxy":null}';
  }
  // From the numbers that are reserved for documentation: RFC 5398.
  const asNumber = 64_496 + int(random, 16);
  return `{"asNumber":${asNumber},"asOrg":"example networks","isp":"example networks","domain":"example.net","isProxy":${random() < 0.1}}`;
}

function requestJson(kind: EventKind, { ip, place }: Scene): string {
  if (kind.uri === undefined) return '{"ipChain":[]}';
  const version = ip.includes(':') ? 'V6' : 'V4';
  return `{"ipChain":[{"ip":${text(ip)},"geographicalContext":${place},"version":"${version}","source":null}]}`;
}

function text(value: string | null): string {
  return JSON.stringify(value);
}

function object(fields: readonly (readonly [name: string, json: string])[]): string {
  return `{${fields.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}
