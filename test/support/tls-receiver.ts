/** A receiver that speaks https, for tests of certificates: it answers 204 to all it can read. */
import type { IncomingMessage } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';

export interface TlsReceiver {
  readonly port: number;
  readonly received: readonly ReceivedOverTls[];
}

export interface ReceivedOverTls {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  /** The name that the client asked for (SNI). */
  readonly servername: string | undefined;
  readonly isResumed: boolean;
  readonly protocol: string | null;
}

export async function openTlsReceiver(
  t: TestContext,
  options: ServerOptions,
): Promise<TlsReceiver> {
  const received: ReceivedOverTls[] = [];
  const server = createServer(options, (request, response) => {
    // https hands out nothing but TLS sockets
    const socket = request.socket as TLSSocket & { servername?: string | false };
    received.push({
      url: request.url,
      headers: request.headers,
      servername: socket.servername || undefined,
      isResumed: socket.isSessionReused(),
      protocol: socket.getProtocol(),
    });
    request.resume();
    request.on('end', () => response.writeHead(204).end());
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return { port, received };
}
