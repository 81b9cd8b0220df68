import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiToken, type TokenDoor } from '../../src/okta/credentials.ts';

test('an API token authorizes as SSWS, without the line end of its file', async () => {
  const request = { method: 'GET', url: 'https://org.example.com/api/v1/logs' };
  const credentials = apiToken(' 00abc_-x\n');

  const headers = await credentials
    .permit(request, {} as TokenDoor) // it needs none
    .headers(new AbortController().signal);

  assert.deepEqual(headers, { authorization: 'SSWS 00abc_-x' });
  assert.equal(credentials.redact('it is 00abc_-x!'), 'it is [redacted]!');
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
