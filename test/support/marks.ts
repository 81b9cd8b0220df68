/** Secrets that can be found again: what tests write into settings, and how they search what came out for it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const TOKEN = 'S3CRET-token';
export const USERINFO = 'S3CRET-user:S3CRET-pass';
export const PROXY_USERINFO = 'S3CRET-prox:S3CRET-proxpass';
export const BEARER = 'S3CRET.bearer.of-the-second-route';
const SIGNING_KEYS = ['S3CRET-the-signing-key-now', 'S3CRET-the-signing-key-of-old'];

/** As Standard Webhooks writes it: the newer and the older one. */
export const [SIGNING = '', OLD_SIGNING = ''] = SIGNING_KEYS.map((key) => `whsec_${base64(key)}`);

/** What stands in every mark, and what base64 makes of the others. */
const MARKS = [
  'S3CRET',
  ...[USERINFO, PROXY_USERINFO, ...SIGNING_KEYS].map(base64),
  encodeURIComponent(USERINFO),
  ...SIGNING_KEYS.map((key) => Buffer.from(key).toString('hex')),
];

/** `url` with a user, a password, a path and a query that nobody may see. */
export function secretUrl(url: string): string {
  return `${url.replace('://', `://${USERINFO}@`)}/S3CRET-path?key=S3CRET-query`;
}

/** `others`: marks of the one test. */
export function assertNoMark(text: string, where: string, others: readonly string[] = []): void {
  for (const mark of [...MARKS, ...others]) {
    const at = text.indexOf(mark);
    assert.equal(at, -1, `${mark} in ${where}: …${text.slice(Math.max(0, at - 60), at + 60)}`);
  }
}

/** Neither in names nor in contents. */
export function assertNoMarkIn(folder: string, others: readonly string[] = []): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    assertNoMark(name, `the name ${name}`, others);
    const path = join(folder, name);
    if (statSync(path).isFile()) assertNoMark(readFileSync(path, 'latin1'), path, others);
  }
}

/** What `ps` lists. */
export function titleOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
