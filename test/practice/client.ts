/** A plain client of the practice org: one request, everything of the answer that a test may look at. */
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { PracticeOrg } from '../../src/practice/org.ts';

export interface Got {
  readonly status: number;
  readonly message: IncomingMessage;
  /** One a header line. */
  readonly links: readonly string[];
  readonly body: Buffer;
  /** The body as events; throws when it is none. */
  readonly uuids: () => string[];
  readonly errorCode: () => string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `target` is a whole URL, or a query behind /api/v1/logs. Rejects as node:http does when the answer breaks. */
export async function get(org: PracticeOrg, target = '', asking: Asking = {}): Promise<Got> {
  const url = target.startsWith('http') ? target : `${org.url}/api/v1/logs${target}`;
  const message = await send(url, {
    ...asking,
    headers: { authorization: `SSWS ${org.token}`, ...asking.headers },
  });
  const body = await buffer(message);
  return {
    status: message.statusCode ?? 0,
    message,
    links: message.headersDistinct.link ?? [],
    body,
    uuids: () => (JSON.parse(body.toString()) as { uuid: string }[]).map(({ uuid }) => uuid), // the test's own events
    errorCode: () => (JSON.parse(body.toString()) as { errorCode: string }).errorCode, // throws in the test if not
  };
}

function send(url: string, { method = 'GET', headers = {} }: Asking): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, resolve).on('error', reject).end();
  });
}

export function nextOf({ links }: Got): string | undefined {
  return links.map((line) => /<([^>]+)>; rel="next"/.exec(line)?.[1]).find(Boolean);
}

export function selfOf({ links }: Got): string | undefined {
  return links.map((line) => /<([^>]+)>; rel="self"/.exec(line)?.[1]).find(Boolean);
}

/** An event with that uuid and, unless it is left out, that time of publishing. */
export function eventOf(
  uuid: string,
  published?: number,
  eventType = 'user.session.start',
): string {
  const time = published === undefined ? '' : `"published":"${new Date(published).toISOString()}",`;
  return `{"uuid":"${uuid}",${time}"eventType":"${eventType}","lat":39.0}`;
}
