/** This machine's clock against Okta's: a wrong one spoils proofs (DPoP), due times and what is said of them. */
import { duration } from '../../words/time.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

const MOST_MS = 30_000;

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
  const found = `the clock is ${off} ${side} Okta's: proofs of a service app are refused, and times are wrong`;
  return [finding('clock-off', found, 'let NTP set it: timedatectl set-ntp true, or chrony')];
}
