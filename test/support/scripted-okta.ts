/** A server that answers the requests for the log one after another as the test says, and remembers them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answerer = (response: ServerResponse, request: IncomingMessage) => void;

export interface ScriptedOkta {
  readonly origin: string;
  /** Path and query of each request, byte for byte. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
  /** Answers that are still to be given, oldest first; the last one is given for ever. */
  readonly answers: Answerer[];
  close(): Promise<void>;
}

export async function openScriptedOkta(...answers: Answerer[]): Promise<ScriptedOkta> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    headers.push(request.headers);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    headers,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A page with these events and, if said, this next link; `more` headers on top. */
export function page(
  events: readonly string[],
  next?: string,
  more: Readonly<Record<string, string | string[]>> = {},
): Answerer {
  return body(`[${events.join(',')}]`, next, more);
}

export function body(
  text: string | Buffer,
  next?: string,
  more: Readonly<Record<string, string | string[]>> = {},
): Answerer {
  return (response) => {
    const link = next === undefined ? {} : { link: [`<${next}>; rel="next"`] };
    response.writeHead(200, { 'content-type': 'application/json', ...link, ...more }).end(text);
  };
}

export function status(
  code: number,
  envelope: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Answerer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(envelope));
  };
}

/** An event with this uuid; `published` in ISO form. */
export function event(uuid: string, published?: string): string {
  return JSON.stringify({ uuid, eventType: 'user.session.start', ...(published && { published }) });
}
