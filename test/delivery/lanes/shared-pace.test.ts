/** Lanes of several orgs that lead to one receiver press it no harder than those of one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from '../../../src/delivery/lanes/lanes.ts';
import { Paces } from '../../../src/delivery/lanes/pace.ts';
import type { Answer } from '../../../src/delivery/outcome.ts';
import { raw } from '../../../src/formats/raw.ts';
import { silentLog } from '../../../src/log.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { HandSender } from '../../support/hand-sender.ts';

const BUSY: Answer = { kind: 'answered', status: 503, ms: 1 };

test('a receiver that is too busy for one org is not pressed by the other', async () => {
  const clock = new FakeClock();
  const sender = new HandSender();
  const paces = new Paces(clock);
  const openLane = () => {
    const lanes = new Lanes({
      ...{ encoding: raw, sender, clock, paces, log: silentLog(), userAgent: 'loghook/1' },
      ...{ random: () => 0, ignoreHold: false, onState: () => undefined },
    });
    const url = new URL('https://receiver.example/');
    return lanes.open({ key: 'name:siem', name: 'siem', url }, { kind: 'flowing' });
  };
  const [emea, us] = [openLane(), openLane()];
  const delivery = {
    ...{ seq: 1, attempts: 0, tries: 0 },
    event: { id: 'e', raw: Buffer.from('{}') },
  };
  const sent = us.start(delivery, async () => undefined);
  await sender.answer(BUSY);
  await sent;

  let hasRoom = false;
  const room = emea.room(new AbortController().signal).then(() => {
    hasRoom = true;
  });
  await settle();

  assert.equal(hasRoom, false);
  await clock.advance(60_000);
  await room;
});
