/** What a session is told by whoever runs it, and what of it may change while it runs. */
import type { FoundIdentity } from '../../config/identity/identity.ts';
import type { Stop } from '../../daemon.ts';
import type { Paces } from '../../delivery/lanes/pace.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../okta/credentials.ts';
import type { IdentityAnew } from '../../okta/current-credentials.ts';
import type { Interval } from '../../okta/poll-interval.ts';
import type { Route } from '../../routing/route.ts';
import type { Routes } from '../../routing/routes.ts';
import type { Admin } from '../admin/admin.ts';
import type { Io } from '../io.ts';
import type { IdentityOrigins } from '../words/identity.ts';

export interface SessionOptions extends Partial<IdentityOrigins> {
  readonly io: Io;
  readonly log: Log;
  readonly org: { readonly url: URL; readonly notes: readonly string[] };
  readonly identity: Identity;
  /** What the file calls the org; then each line of `log` says so already. */
  readonly name?: string;
  readonly routes: Routes;
  /** What is pinged while polling works. */
  readonly heartbeat?: Route;
  /** What a person should know at the start. */
  readonly notes?: readonly string[];
  /** The org's own sub-folder of the state folder. */
  readonly folder: string;
  readonly interval: Interval;
  readonly filter?: string;
  /** The proxy of whatever names none of its own. */
  readonly proxyFor?: (url: URL) => URL | undefined;
  /** Ms since 1970; only for a first start. */
  readonly since?: number;
  /** Where there is a cursor, `since` is not meant. Otherwise it is refused. */
  readonly goesOnFromCursor?: boolean;
  readonly once?: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  /** Of all receivers, where several sessions share them. */
  readonly paces?: Paces;
  /** Reads the routes anew for a SIGHUP; throws when they are not usable. */
  readonly reload?: () => Promise<ReadAnew>;
  /** Reads the credentials anew when Okta refuses them. */
  readonly identityAnew?: IdentityAnew;
  /** Where others ask how it is; it outlives the session. */
  readonly adminDoor?: Admin;
  /** Stops it instead of the process's signals. */
  readonly stop?: Stop & { readonly release?: () => void };
  readonly onReady?: () => void;
}

export type RoutesInForce = Pick<SessionOptions, 'routes' | 'heartbeat' | 'notes'>;

/** What a reload may change; without an identity the one stays that is. */
export interface ReadAnew extends RoutesInForce, Partial<FoundIdentity> {
  /** Why there is no identity, and what to do, in words. */
  readonly credentialProblems?: readonly string[];
}
