/** The oracle for signatures: the npm package `standardwebhooks`, as a receiver uses it. */
import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';

export interface SignedRequest {
  /** As Node's http gives them: names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * Whether a receiver that knows `secret` (`whsec_…`) takes the request. Its clock is the machine's: `atMs`, the time
 * when it was signed by a clock of the test, stands for it.
 */
export function verifies({ headers, body }: SignedRequest, secret: string, atMs?: number): boolean {
  const now = Date.now;
  if (atMs !== undefined) Date.now = () => atMs;
  try {
    const single = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    new Webhook(secret).verify(body, Object.fromEntries(single), { jsonParse: false });
    return true;
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'WebhookVerificationError', `${error}`);
    return false;
  } finally {
    Date.now = now;
  }
}
