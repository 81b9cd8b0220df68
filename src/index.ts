/**
 * What programs may import: the System Log as pages, and the practice org and receiver, so that other people's tests can
 * run against them too. The daemon itself is the command `loghook`.
 *
 *     const systemLog = new SystemLog({
 *       org: new URL('https://acme.okta.com'),
 *       identity: { kind: 'token', token },
 *       interval: 15_000,
 *       clock: new SystemClock(),
 *       log: silentLog(),
 *       userAgent: 'mine/1.0',
 *     });
 *     for await (const { events, cursor } of systemLog.tail({ since }, stop.signal)) {
 *       // keep the cursor together with what became of its events; `tail({ cursor }, …)` goes on from there
 *     }
 *     await systemLog.close();
 */
export { type Clock, SystemClock } from './clock.ts';
export { ConfigError, LoghookError, OktaError, RoutesError, StateError } from './errors.ts';
export type { LogEvent } from './event.ts';
export { type Log, openLog, silentLog } from './log.ts';
export type { Identity } from './okta/credentials.ts';
export type { Interval } from './okta/poll-interval.ts';
export {
  type Cursor,
  type Gap,
  type Page,
  SystemLog,
  type SystemLogOptions,
} from './okta/system-log.ts';
export type { Trouble } from './okta/trouble/trouble.ts';
export { practiceEvents } from './practice/events.ts';
export {
  type Fault,
  type PracticeApp,
  PracticeOrg,
  type PracticeOrgOptions,
} from './practice/org.ts';
export { type Answer, PracticeReceiver, type ReceivedRequest } from './practice/receiver.ts';
