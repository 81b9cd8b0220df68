/**
 * Whom the admin server may be asked as. A page in somebody's browser can have its own name point at our address (DNS
 * rebinding), and would then read what we answer; but it cannot lie about the name that it asked for.
 */
import { isIP } from 'node:net';

const LOOPBACK_NAME = /^(?:.+\.)?localhost$/;

/** `names` in lower case. */
export function isOurHost(header: string | undefined, names: ReadonlySet<string>): boolean {
  // HTTP/1.0, which no browser speaks.
  if (header === undefined) return true;
  const host = hostIn(header.toLowerCase());
  if (host === undefined) return false;
  // Who asks an address by its number has looked up no name.
  return isIP(host) !== 0 || LOOPBACK_NAME.test(host) || names.has(host);
}

/** Without the port, brackets and the dot that may end a name. */
function hostIn(header: string): string | undefined {
  const [, bracketed, plain] =
    /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::\d{1,5})?$/.exec(header) ?? [];
  return bracketed ?? plain?.replace(/\.$/, '');
}
