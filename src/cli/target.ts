/** What `listen` is told to send to, and which events: read strictly, and never repeated, for a URL may be a secret. */
import { createHash } from 'node:crypto';
import { isLoopback } from '../config/identity/org-url.ts';
import { refuse } from '../config/problems.ts';
import { quote } from '../config/quote.ts';
import { printable } from '../printable.ts';
import { joinLines } from '../routing/join.ts';
import { compilePattern, type Pattern } from '../routing/pattern.ts';
import { parseDestination } from '../routing/route.ts';
import { Routes } from '../routing/routes.ts';

interface Target {
  readonly routes: Routes;
  /** Names the sub-folder of its state: the same target and pattern go on where they stopped. */
  readonly folder: string;
  readonly host: string;
  readonly isLocal: boolean;
}

const EVERYTHING = '.*';
const HIGHEST_PORT = 65_535;
const EXAMPLE = 'write a port like 3000, or a URL like http://localhost:3000/okta';
const LOCAL_WITHOUT_SCHEME = /^(localhost|127\.0\.0\.1|\[::1\])?(:\d+(?:[/?].*)?)$/i;

/** @throws ConfigError when `text` is neither a port nor a URL */
export function parseTarget(text: string, match: string = EVERYTHING): Target {
  const url = targetUrl(text.trim());
  const destination = parseDestination(url);
  if ('error' in destination) refuse('listen', destination.error, EXAMPLE);
  const digest = createHash('sha256').update(`${url}\n${match}`).digest('hex');
  return {
    routes: new Routes(joinLines([{ pattern: match, destination }])),
    folder: `listen-${digest.slice(0, 8)}`,
    host: destination.url.host,
    isLocal: isLoopback(destination.url.hostname),
  };
}

/** `--match`. @throws ConfigError when it is no pattern */
export function parseMatch(match: string = EVERYTHING): Pattern {
  const compiled = compilePattern(match);
  if ('error' in compiled) {
    const hint = 'patterns are Go (RE2) regular expressions: https://pkg.go.dev/regexp/syntax';
    const message = `${quote(match)} is not a regular expression (${printable(compiled.error)})`;
    return refuse('--match', message, hint);
  }
  return compiled;
}

function targetUrl(text: string): string {
  if (/^\d+$/.test(text)) {
    const port = Number(text);
    if (port < 1 || port > HIGHEST_PORT) {
      refuse('listen', `${quote(text)} is not a port`, 'ports go from 1 to 65535');
    }
    return `http://localhost:${port}/`;
  }
  const [, host = 'localhost', rest] = LOCAL_WITHOUT_SCHEME.exec(text) ?? [];
  return rest === undefined ? text : `http://${host}${rest}`;
}
