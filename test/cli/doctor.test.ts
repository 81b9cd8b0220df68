/** `loghook doctor`. Its tests stand in one process, so that the last can tell which findings none of them has shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FINDINGS } from '../../src/cli/doctor/finding.ts';
import './doctor/words.ts';
import './doctor/settings.ts';
import './doctor/network.ts';
import './doctor/okta.ts';
import './doctor/routes.ts';
import './doctor/disk.ts';
import './doctor/state.ts';
import './doctor/standing.ts';
import './doctor/service.ts';
import { produced } from './doctor/desk.ts';

test('every finding that there is was found by a test', () => {
  const missing = Object.keys(FINDINGS).filter((id) => ![...produced].some((one) => one === id));

  assert.deepEqual(missing, []);
});
