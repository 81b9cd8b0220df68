/** Https before a practice org, as a real one has it: what comes is handed on, and links lead to the front. */
import { request } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface TlsFront {
  readonly port: number;
  /** Requests that came over it. */
  readonly asked: readonly string[];
}

/** `origin` is how the org is called: by default https://127.0.0.1 and the port. */
export async function openTlsFront(
  t: TestContext,
  orgUrl: string,
  { origin, ...options }: ServerOptions & { readonly origin?: string },
): Promise<TlsFront> {
  const asked: string[] = [];
  const server = createServer(options, (incoming, response) => {
    const { method, url, headers } = incoming;
    asked.push(`${method} ${url}`);
    const inner = request(new URL(url ?? '/', orgUrl), { method, headers }, (answer) => {
      const named = origin ?? `https://127.0.0.1:${port}`;
      const link = [answer.headers.link ?? []]
        .flat()
        .map((one) => one.replaceAll(/http:\/\/[^/]+/g, named));
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, link });
      answer.pipe(response);
    });
    incoming.pipe(inner);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port, asked };
}
