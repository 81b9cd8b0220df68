/** Reads OKTA_ORG_URL as people write it. What is put right is said; userinfo and paths are never repeated. */
import { schemeOf } from '../../routing/route.ts';

/** The domains and the -admin form of https://developer.okta.com/docs/concepts/okta-organizations/ and of Okta's SDKs. */
const ADMIN_HOST = /^([a-z0-9-]+)-admin\.((?:okta|oktapreview|okta-emea|okta-gov)\.com|okta\.mil)$/;
/** Okta's own sites, which people copy from the address bar. */
const NO_ORG = /^(?:(?:www|login|help|developer|support)\.)?okta\.com$/;
const EXAMPLE = 'write it like https://acme.okta.com';

type OrgUrl =
  | { readonly url: URL; readonly notes: readonly string[] }
  | { readonly error: string; readonly hint: string };

/** The org's origin. Each note is a sentence that says what was wrong and what is used instead. */
export function parseOrgUrl(text: string): OrgUrl {
  const notes: string[] = [];
  const written = addScheme(strip(text, notes), notes);
  if (typeof written !== 'string') return written;
  if (!URL.canParse(written)) return { error: 'it is not a URL', hint: EXAMPLE };

  const url = new URL(written);
  if (url.username !== '' || url.password !== '' || written.includes('@')) {
    return { error: 'it holds an @: no user name or password belongs in it', hint: EXAMPLE };
  }
  noteExtras(written, url, notes);
  const host = findHost(url, notes);
  if (typeof host !== 'string') return host;
  const org = new URL(`${url.protocol}//${host}`);
  if (org.protocol !== 'https:' && !isLoopback(org.hostname)) {
    return {
      error: `it is http to ${org.host}, which would send the API token in the clear`,
      hint: `write https://${org.hostname}`,
    };
  }
  return { url: org, notes: notes.map((note) => `${note}; using ${org.origin}`) };
}

/** 127.0.0.0/8, ::1 and localhost: the only hosts that http may go to. `hostname` as the URL parser gives it. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function strip(text: string, notes: string[]): string {
  const trimmed = text.trim();
  if (trimmed !== text) notes.push('it has white space around it');
  const bare = trimmed.replace(/^["'`<“‘]+|["'`>”’]+$/g, '').trim();
  if (bare !== trimmed) notes.push('it has quotes around it');
  return bare;
}

function addScheme(bare: string, notes: string[]): string | Extract<OrgUrl, { error: string }> {
  if (/[\s\p{Cc}]/u.test(bare)) return { error: 'it holds white space', hint: EXAMPLE };
  if (/^https?:/i.test(bare)) return bare;
  const scheme = schemeOf(bare);
  if (scheme !== undefined) return { error: `its scheme is ${scheme}, not https`, hint: EXAMPLE };
  notes.push('it has no scheme');
  const rest = bare.replace(/^[:/]+/, '');
  const https = `https://${rest}`;
  const isLocal = URL.canParse(https) && isLoopback(new URL(https).hostname);
  return isLocal ? `http://${rest}` : https;
}

function noteExtras(written: string, url: URL, notes: string[]): void {
  const [start = ''] = /^https?:[/\\]*/i.exec(written) ?? [];
  const rest = written.slice(start.length);
  const [authority = ''] = /^[^/\\?#]*/.exec(rest) ?? [];
  if (/[A-Z]/.test(start + authority)) notes.push('it is in upper case');
  if (!start.endsWith('://')) notes.push('its scheme does not end with ://');
  if (url.pathname !== '/') notes.push('it has a path');
  else if (/^[/\\]/.test(rest.slice(authority.length))) notes.push('it ends with a slash');
  if (/[?#]/.test(rest)) notes.push('it has a query or fragment');
}

/** Host and port, with the Admin Console's host put right. */
function findHost(url: URL, notes: string[]): string | Extract<OrgUrl, { error: string }> {
  const hostname = url.hostname.replace(/\.$/, '');
  if (hostname !== url.hostname) notes.push('its host ends with a dot');
  const isAddress = hostname.startsWith('[');
  if (!isAddress && !/^[a-z0-9.-]+$/.test(hostname)) {
    return { error: 'its host is not a name', hint: EXAMPLE };
  }
  if (!isAddress && hostname !== 'localhost' && !hostname.includes('.')) {
    return { error: 'its host has no dot, so it is not a whole name', hint: EXAMPLE }; // may be a token, so not shown
  }
  if (NO_ORG.test(hostname)) {
    return { error: `${hostname} is Okta's own site, not an org`, hint: EXAMPLE };
  }
  const port = url.port === '' ? '' : `:${url.port}`;
  const [, org, domain] = ADMIN_HOST.exec(hostname) ?? [];
  if (org === undefined) return `${hostname}${port}`;
  notes.push(`${hostname} is the Admin Console, not the org`);
  return `${org}.${domain}${port}`;
}
