/** `loghook check`: what the settings and the routes say. Reaches nothing, makes nothing, prints no secret. */
import { SystemClock } from '../clock.ts';
import { type Flags, loadConfig } from '../config/config.ts';
import { orgFolder } from '../config/state-folder.ts';
import { printable } from '../printable.ts';
import type { Routes } from '../routing/routes.ts';
import { describeRoutes } from './announcement.ts';
import { EXIT } from './exit.ts';
import { identityLines } from './identity-words.ts';
import { type Io, shownPath, surroundings } from './io.ts';
import { routeTree } from './route-tree.ts';

/** @throws ConfigError with every problem */
export async function check(flags: Flags, io: Io): Promise<number> {
  const config = await loadConfig({
    ...surroundings(io, new SystemClock().now(), io.stdout),
    flags,
  });
  const { org, routes, stateFolder, intervalMs, filter } = config;
  const lines = [
    ...identityLines(config),
    `state     ${shownPath(orgFolder(stateFolder, org.url))}`,
    `interval  ${intervalMs / 1_000} s`,
    ...(filter === undefined ? [] : [`filter    ${filter}`]),
    `routes    ${config.routesFileShownAs}`,
    ...routeTree(describeRoutes(config)),
    ...[...org.notes, ...config.notes, ...looseNotes(routes)].map((note) => `note: ${note}`),
  ];
  for (const line of lines) io.stdout.write(`${printable(line)}\n`);
  return EXIT.asAsked;
}

/** A whole event type as people type it, neither anchored nor with its dots escaped. */
const LOOSE = /^[a-z0-9_]+(?:\.[a-z0-9_]+)+$/i;

/** Said once, of the first: such a pattern takes more than the one type that it looks like. */
function looseNotes(routes: Routes): string[] {
  const patterns = routes.all.flatMap((route) => route.patterns);
  const loose = patterns.find((pattern) => LOOSE.test(pattern));
  if (loose === undefined) return [];
  const exact = `^${loose.replaceAll('.', '\\.')}$`;
  return [`/${loose}/ is found inside longer types too; /${exact}/ takes only that type`];
}
