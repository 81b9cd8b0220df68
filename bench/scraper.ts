/** What Prometheus does: asks for the metrics again and again. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Resolves to how many scrapes there were, once `signal` aborts. Until loghook answers it asks on. */
export async function scrapeEverySecond(port: number, signal: AbortSignal): Promise<number> {
  let scrapes = 0;
  while (!signal.aborted) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal });
      const text = await answer.text();
      if (text.includes('loghook_build_info')) scrapes += 1;
    } catch {
      // not there yet, or there no more
    }
    await rest(1_000, signal);
  }
  return scrapes;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
