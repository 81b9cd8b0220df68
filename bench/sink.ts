/**
 * Receivers in a process of their own, each on a port: they answer 204 after DELAY_MS and tell their parent the ports,
 * then that the first request came, and, when COUNT have, how long that took from the first to the last. With LAST, what comes to the last
 * port is not counted, and is never answered if LAST is `dead`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const [delayMs = 0, count = 0, portCount = 1] = process.argv.slice(2, 5).map(Number);
const last = process.argv[5];
let received = 0;
let bytes = 0;
let firstAt = 0;

function answer(response: ServerResponse): void {
  if (delayMs === 0) response.writeHead(204).end();
  else setTimeout(() => response.writeHead(204).end(), delayMs);
}

function uncounted(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (last !== 'dead') request.on('end', () => answer(response));
}

function take(request: IncomingMessage, response: ServerResponse): void {
  if (firstAt === 0) {
    firstAt = performance.now();
    process.send?.({ began: true });
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    received += 1;
    if (received === count) {
      process.send?.({ received, bytes, ms: performance.now() - firstAt });
    }
    answer(response);
  });
}

function listen(onRequest: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer({ keepAliveTimeout: 60_000 }, onRequest);
  return new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

const ports: number[] = [];
for (let n = 0; n < portCount; n += 1) {
  const isApart = n === portCount - 1 && last !== undefined;
  ports.push(await listen(isApart ? uncounted : take));
}
process.send?.({ ports });
process.on('disconnect', () => process.exit());
