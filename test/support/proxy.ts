/** A forward proxy for tests: tunnels (CONNECT) and absolute-form requests, counted, with credentials or faults if wanted. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';

export interface ProxyOptions {
  /** `user:password` that it asks for. */
  readonly credentials?: string;
  /** Where a host, whatever its port, really is on this machine. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Answers every request with this instead. */
  readonly status?: number;
  /** Takes requests and never answers. */
  readonly hangs?: boolean;
  /** It speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Proxy {
  readonly url: URL;
  /** `CONNECT host:port` or `POST http://host/path`, in the order they came. */
  readonly asked: string[];
  /** All that came in its sight: request heads, but nothing that went through a tunnel. */
  readonly seen: string[];
}

export async function openProxy(t: TestContext, options: ProxyOptions = {}): Promise<Proxy> {
  const asked: string[] = [];
  const seen: string[] = [];
  const sockets = new Set<Duplex>();
  const server = options.tls ? createTlsServer(options.tls) : createServer();
  const note = ({ method, url, rawHeaders }: IncomingMessage) => {
    asked.push(`${method} ${url}`);
    seen.push(`${method} ${url} ${rawHeaders.join(' ')}`);
  };
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('connect', (incoming, socket, head) => {
    note(incoming);
    sockets.add(socket);
    tunnel(incoming, socket, { ...options, head, sockets });
  });
  server.on('request', (incoming, response) => {
    note(incoming);
    forward(incoming, response, options);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const url = new URL(`${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`);
  const [user = '', password = ''] = options.credentials?.split(':') ?? [];
  url.username = user;
  url.password = password;
  return { url, asked, seen };
}

function refusal(incoming: IncomingMessage, { credentials, status }: ProxyOptions) {
  if (status !== undefined) return status;
  const basic = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`;
  const given = incoming.headers['proxy-authorization'];
  return credentials === undefined || given === basic ? undefined : 407;
}

function tunnel(
  incoming: IncomingMessage,
  socket: Duplex,
  options: ProxyOptions & { readonly head: Buffer; readonly sockets: Set<Duplex> },
): void {
  socket.on('error', () => undefined);
  if (options.hangs) return;
  const status = refusal(incoming, options);
  if (status !== undefined) {
    socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    return;
  }
  const { hostname, port } = new URL(`http://${incoming.url}`);
  const other = connect(options.ports?.[hostname] ?? Number(port), '127.0.0.1');
  options.sockets.add(other);
  other.on('error', () => socket.destroy());
  other.on('connect', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    other.write(options.head);
    socket.pipe(other).pipe(socket);
  });
}

function forward(incoming: IncomingMessage, response: ServerResponse, options: ProxyOptions): void {
  if (options.hangs) return;
  const status = refusal(incoming, options);
  if (status !== undefined) {
    response.writeHead(status).end();
    return;
  }
  const { hostname, port, pathname, search } = new URL(incoming.url ?? '');
  const { 'proxy-authorization': _, ...headers } = incoming.headers;
  const other = request({
    ...{ host: '127.0.0.1', port: options.ports?.[hostname] ?? port, method: incoming.method },
    ...{ path: `${pathname}${search}`, headers },
  });
  other.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  other.on('error', () => response.writeHead(502).end());
  incoming.pipe(other);
}
