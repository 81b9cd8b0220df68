/** `loghook doctor`. Its tests stand in one process, so that the last can tell which findings none of them has shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FINDINGS } from '../../../src/cli/doctor/finding.ts';
import './words.ts';
import './settings.ts';
import './network.ts';
import './okta.ts';
import './routes.ts';
import './disk.ts';
import './state.ts';
import './standing.ts';
import './service.ts';
import { produced } from './desk.ts';

test('every finding that there is was found by a test', () => {
  const missing = Object.keys(FINDINGS).filter((id) => ![...produced].some((one) => one === id));

  assert.deepEqual(missing, []);
});
