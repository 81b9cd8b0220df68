/**
 * What programs may import: the practice org and the practice receiver, so that other people's tests can run against
 * them too, and the System Log as an iterator. The daemon itself is the command `loghook`.
 */
export { type Clock, SystemClock } from './clock.ts';
export { ConfigError, LoghookError, OktaError, RoutesError, StateError } from './errors.ts';
export type { LogEvent } from './event.ts';
export { openLog, silentLog } from './log.ts';
export type { Identity } from './okta/credentials.ts';
export type { Interval } from './okta/poll-interval.ts';
export { type Cursor, type Page, SystemLog, type SystemLogOptions } from './okta/system-log.ts';
export { practiceEvents } from './practice/events.ts';
export {
  type Fault,
  type PracticeApp,
  PracticeOrg,
  type PracticeOrgOptions,
} from './practice/org.ts';
export { type Answer, PracticeReceiver, type ReceivedRequest } from './practice/receiver.ts';
