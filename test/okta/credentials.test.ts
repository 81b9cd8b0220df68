import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiToken } from '../../src/okta/credentials.ts';

test('an API token authorizes as SSWS, without the line end of its file', async () => {
  assert.equal(await apiToken(' 00abc_-x\n').authorization(), 'SSWS 00abc_-x');
});

for (const token of ['', ' \n', '00abc def', '00abc\r\nx-evil: 1', '00abç']) {
  test(`${JSON.stringify(token)} is no token, and is not repeated`, () => {
    assert.throws(
      () => apiToken(token),
      (error: Error) => {
        assert.equal('kind' in error && error.kind, 'credentials');
        assert.ok(token.trim() === '' || !error.message.includes(token.trim()));
        return true;
      },
    );
  });
}
