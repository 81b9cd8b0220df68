/** Events a second, measured by the receiver from its first request to its last. */
import { Helper, startLoghook } from './children.ts';

export interface Speed {
  readonly perSecond: number;
}

/** The real daemon: it reads COUNT events from a practice org while it delivers them to one receiver. */
export async function loghookSpeed(count: number, delayMs: number): Promise<Speed> {
  const [org, sink] = [new Helper('org', count), new Helper('sink', delayMs, count)];
  const { url, token } = await org.next();
  const { port } = await sink.next();
  const loghook = await startLoghook(
    { url: String(url), token: String(token) },
    `.*,http://127.0.0.1:${port}/\n`,
  );
  const speed = await speedOf(sink, count);
  await loghook.stop();
  await Promise.all([org.stop(), sink.stop()]);
  return speed;
}

/** The bare loop: the same bodies, IN_FLIGHT at a time, nothing remembered. */
export async function bareSpeed(count: number, delayMs: number, inFlight: number): Promise<Speed> {
  const sink = new Helper('sink', delayMs, count);
  const { port } = await sink.next();
  const bare = new Helper('bare', Number(port), count, inFlight);
  const speed = await speedOf(sink, count);
  await bare.ended();
  await sink.stop();
  return speed;
}

async function speedOf(sink: Helper, count: number): Promise<Speed> {
  const { ms } = await sink.next();
  return { perSecond: (count / Number(ms)) * 1000 };
}
