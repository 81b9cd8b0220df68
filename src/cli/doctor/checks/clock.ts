/**
 * This machine's clock against Okta's. What Okta is asked with goes by Okta's own; signatures for receivers, and the
 * times that people read, go by this one.
 */
import { duration } from '../../words/time.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

const MOST_MS = 30_000;
/** What receivers usually allow: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const SIGNATURE_MS = 5 * 60_000;

export async function checkClock({ oktaAnswer }: Scene): Promise<readonly Finding[]> {
  const answer = await oktaAnswer();
  const aheadMs = answer?.aheadMs;
  if (aheadMs === undefined) {
    const why = answer === undefined ? 'Okta was not asked' : 'it did not answer with a date';
    return [finding('clock-unknown', `Okta's clock is not known: ${why}`)];
  }
  const off = duration(Math.abs(aheadMs));
  if (Math.abs(aheadMs) <= MOST_MS) {
    return [finding('clock-right', `the clock is within ${off} of Okta's`)];
  }
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  const found = `the clock is ${off} ${side} Okta's: the times in logs and in status are wrong${signatures(Math.abs(aheadMs))}`;
  return [finding('clock-off', found, 'let NTP set it: timedatectl set-ntp true, or chrony')];
}

function signatures(offMs: number): string {
  return offMs < SIGNATURE_MS ? '' : ', and receivers refuse signatures of another time';
}
