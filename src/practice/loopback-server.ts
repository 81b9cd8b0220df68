/** A node:http server that is listening when it is handed out and has no open handle left once it is closed. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  /** Cuts every connection, idle or not, and resolves when the port is free. Safe to call twice. */
  close(): Promise<void>;
}

interface ListenOptions {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
}

/** Rejects with the system's error when the port cannot be had. */
export async function openLoopbackServer(
  listener: RequestListener,
  { port = 0, host = '127.0.0.1' }: ListenOptions,
): Promise<LoopbackServer> {
  const server = createServer({ keepAlive: true, noDelay: true }, listener);
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

  const bound = boundPort(server);
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

const LOOPBACK_NAME = /^(localhost|127\.0\.0\.1|\[::1\]):\d+$/;

/** What the client asked for, with the server named as the client named it if that is one of the loopback's names. */
export function requestedUrl(request: IncomingMessage, server: LoopbackServer): URL {
  const host = request.headers.host ?? '';
  const named = LOOPBACK_NAME.test(host) && host.endsWith(`:${server.port}`);
  const origin = named ? `http://${host}` : server.url;
  return new URL(`${origin}${request.url?.startsWith('/') ? request.url : '/'}`);
}

function boundPort(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}
