/** What Prometheus does: asks for the metrics again and again. */
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOOK_EVERY_MS = 50;
const EVERY_MS = 1_000;

/**
 * Scrapes once for each second of processor time that the daemon took (`cpuMs`): for a busy one that is each second, and
 * on a machine that does something else as well a scrape weighs no more. Resolves to how many there were, once `signal`
 * aborts.
 */
export async function scrapeAsItWorks(
  port: number,
  cpuMs: () => number,
  signal: AbortSignal,
): Promise<number> {
  let scrapes = 0;
  let nextAtMs = cpuMs();
  while (!signal.aborted) {
    await rest(LOOK_EVERY_MS, signal);
    if (signal.aborted || cpuMs() < nextAtMs) continue;
    nextAtMs += EVERY_MS;
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal });
      const text = await answer.text();
      if (text.includes('loghook_build_info')) scrapes += 1;
    } catch {
      // it is there no more
    }
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
