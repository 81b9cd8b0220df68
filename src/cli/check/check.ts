/** `loghook check`: what the settings and the routes say. Reaches nothing, makes nothing, prints no secret. */
import { SystemClock } from '../../clock.ts';
import type { AdminSettings } from '../../config/admin.ts';
import { type Config, type Flags, loadConfig, loadConfigs } from '../../config/config.ts';
import { orgFolder } from '../../config/state-folder.ts';
import type { Routes } from '../../routing/routes.ts';
import { EXIT } from '../exit.ts';
import { type Io, shownPath, surroundings } from '../io.ts';
import { describeRoutes } from '../run/announcement.ts';
import { writeLines } from '../terminal/print.ts';
import { identityLines } from '../words/identity.ts';
import { intervalWords } from '../words/interval.ts';
import { routeTree } from '../words/route-tree.ts';

/** @throws ConfigError with every problem */
export async function check(flags: Flags, io: Io): Promise<number> {
  const input = { ...surroundings(io, new SystemClock().now(), io.stdout), flags };
  const all = flags.org === undefined ? await loadConfigs(input) : [await loadConfig(input)];
  const lines = all.flatMap((config, index) => [...(index === 0 ? [] : ['']), ...linesOf(config)]);
  writeLines(io.stdout, lines);
  return EXIT.asAsked;
}

function linesOf(config: Config): string[] {
  const { org, routes, stateFolder, interval, filter, admin } = config;
  return [
    ...identityLines(config),
    `state     ${shownPath(orgFolder(stateFolder, org.url))}`,
    `interval  ${intervalWords(interval)}`,
    ...(filter === undefined ? [] : [`filter    ${filter}`]),
    ...(admin === undefined ? [] : [`admin     ${adminWords(admin)}`]),
    `routes    ${config.routesFileShownAs}`,
    ...routeTree(describeRoutes(config)),
    ...[...org.notes, ...config.notes, ...looseNotes(routes)].map((note) => `note: ${note}`),
  ];
}

/** Where it listens, and what may be done there. */
function adminWords({ address, token }: AdminSettings): string {
  const { host, port, isLoopback } = address;
  const reach = isLoopback ? '' : ', OPEN TO THE NETWORK';
  const changes = token === undefined ? 'reading only' : 'with a token for changes';
  return `${host.includes(':') ? `[${host}]` : host}:${port} (${changes}${reach})`;
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
