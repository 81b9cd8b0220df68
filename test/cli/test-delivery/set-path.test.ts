/** `--set path=value`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setPath } from '../../../src/cli/test-delivery/set-path.ts';
import { ConfigError } from '../../../src/errors.ts';

const EVENT = {
  outcome: { result: 'SUCCESS', reason: null },
  device: null,
  target: [{ id: '1', type: 'User', detailEntry: {} }],
  debugContext: { debugData: {} },
};

function after(...written: readonly string[]): unknown {
  const event = structuredClone(EVENT);
  for (const one of written) setPath(event, one);
  return event;
}

const SET: readonly (readonly [written: string, changed: object])[] = [
  ['outcome.result=FAILURE', { outcome: { result: 'FAILURE', reason: null } }],
  ['outcome.reason=a=b c', { outcome: { result: 'SUCCESS', reason: 'a=b c' } }],
  ['outcome.result=39', { outcome: { result: 39, reason: null } }],
  ['outcome.result="39"', { outcome: { result: '39', reason: null } }],
  ['outcome.result=', { outcome: { result: '', reason: null } }],
  ['device={"id":"x"}', { device: { id: 'x' } }],
  ['target=null', { target: null }],
  ['target.0.type=AppUser', { target: [{ id: '1', type: 'AppUser', detailEntry: {} }] }],
  ['debugContext.debugData.risk=true', { debugContext: { debugData: { risk: true } } }],
  ['target.0.detailEntry.a=1', { target: [{ id: '1', type: 'User', detailEntry: { a: 1 } }] }],
];

for (const [written, changed] of SET) {
  test(`sets ${written}`, () => {
    assert.deepEqual(after(written), { ...EVENT, ...changed });
  });
}

const REFUSED: readonly (readonly [written: string, message: RegExp, hint: RegExp])[] = [
  ['outcome.result', /"outcome.result" has no path=value/, /outcome\.result=FAILURE/],
  ['outcome.reslt=x', /no "reslt" in "outcome"/, /did you mean outcome\.result\?/],
  ['outcom.result=x', /no "outcom" in this event/, /did you mean outcome\?/],
  ['outcome.zzzzzz=x', /no "zzzzzz" in "outcome"/, /there is result, reason/],
  ['device.id=x', /"device" is null in this event/, /--set 'device=\{/],
  ['outcome.result.x=1', /"outcome\.result" is "SUCCESS" in this event/, /set the whole/],
  ['target.3.id=x', /no "3" in "target"/, /there is 0/],
  ['__proto__.x=1', /no "__proto__" in this event/, /there is|did you mean/],
  ['a\u001b[31m=1', /no "a\\u001b\[31m" in this event/, /there is/],
];

for (const [written, message, hint] of REFUSED) {
  test(`refuses ${JSON.stringify(written)} in words`, () => {
    assert.throws(
      () => after(written),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        assert.match(error.problems[0]?.hint ?? '', hint);
        return true;
      },
    );
  });
}
