/**
 * A receiver in a process of its own: answers 204 after DELAY_MS and tells its parent the port, and, when COUNT
 * requests have come, how long that took from the first to the last.
 */
import { createServer } from 'node:http';

const delayMs = Number(process.argv[2] ?? 0);
const count = Number(process.argv[3] ?? 0);
let received = 0;
let bytes = 0;
let firstAt = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (received === 0) firstAt = performance.now();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    received += 1;
    if (received === count) {
      process.send?.({ received, bytes, ms: performance.now() - firstAt });
    }
    const answer = () => response.writeHead(204).end();
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.on('disconnect', () => process.exit());
