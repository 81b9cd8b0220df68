/** What the daemon does, said in the words of metrics. */
import type { Meter } from '../../daemon.ts';
import { attemptWord } from '../../delivery/fault.ts';
import { delayParts } from '../../state/delay.ts';
import type { OrgMeter } from '../../status/metrics/meter.ts';

/** `onRead` is told of every page that was kept. */
export function meterOf(meter: OrgMeter, onRead: () => void): Meter {
  return {
    judged: (route, ms) => meter.judged(route, ms),
    read: ({ events }, { owed, repeated }) => {
      onRead();
      const names = owed.map(({ routes }) => routes.map(({ name }) => name));
      meter.read(events.length, repeated, names);
    },
    attempted: (route, outcome) => meter.attempted(route, attemptWord(outcome), outcome.ms),
    settled: (route, delivery, settlement) => {
      if (settlement.kind === 'postponed') return;
      meter.settled(route, settlement.kind);
      const parts = delayParts(delivery, settlement);
      if (parts !== undefined) meter.lagged(route, parts);
    },
  };
}
