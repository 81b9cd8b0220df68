/**
 * Where a route may connect. Cloud metadata and link-local addresses never, in any spelling; private ones unless the
 * route is `publicOnly`. The judgement falls on the address that is dialled (see dial.ts), so nothing that a name server
 * says in between can change it.
 */
import { neverConnected, notPublic } from '../address.ts';
import type { Judge } from '../dial.ts';
import type { Target } from './target.ts';

export function judgeOf({ publicOnly = false }: Target): Judge {
  return publicOnly ? notPublic : neverConnected;
}
