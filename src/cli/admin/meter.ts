/** What the daemon does, said in the words of metrics. */
import { attemptWord } from '../../delivery/fault.ts';
import type { Meter } from '../../dispatch.ts';
import type { OrgMeter } from '../../status/metrics.ts';

/** `onRead` is told of every page that was kept. */
export function meterOf(meter: OrgMeter, onRead: () => void): Meter {
  return {
    read: ({ events }, { owed, repeated }) => {
      onRead();
      const names = owed.map(({ routes }) => routes.map(({ name }) => name));
      meter.read(events.length, repeated, names);
    },
    attempted: (route, outcome) => meter.attempted(route, attemptWord(outcome), outcome.ms),
    settled: (route, _delivery, { kind }) => {
      if (kind !== 'postponed') meter.settled(route, kind);
    },
  };
}
