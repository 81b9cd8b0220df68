/** A process with one session: `run` with one org, `listen` and `demo`. */
import { SystemClock } from '../../clock.ts';
import { openProcessWide } from './process-wide.ts';
import { type NotReloaded, reload, routesNotReloaded } from './reload.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

/** Runs until it is told to stop (or, with `once`, is done). Returns the exit code. @throws what `explain` explains */
export async function runSession(options: SessionOptions): Promise<number> {
  const { io, log, org, adminDoor } = options;
  const clock = new SystemClock();
  const session = await Session.open(options, clock);
  try {
    const { stop, notifier, close } = openProcessWide({
      io,
      log,
      clock,
      isAlive: () => session.isTurning,
      onReload: () => void reloadOf(options, session),
      stop: options.stop,
    });
    if (adminDoor !== undefined) adminDoor.reloader = () => reloadOf(options, session);
    try {
      return await session.run(stop, {
        begins: () => notifier.ready(),
        reads: () => notifier.status(`tailing ${org.url.host}`),
      });
    } finally {
      await close();
    }
  } finally {
    await session.close();
  }
}

async function reloadOf(
  { log, reload: read }: SessionOptions,
  session: Session,
): Promise<NotReloaded> {
  if (read === undefined) return routesNotReloaded(['there is no routes file']);
  return reload(log, read, (found) => session.putInForce(found));
}
