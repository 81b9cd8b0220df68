/** What doctor can find: one row a finding, with the check that makes it and how grave it is. A test goes over the table. */

export type Level = 'ok' | 'note' | 'warning' | 'problem';

/** The checks, in the order in which they are shown. */
export const CHECKS = [
  'settings',
  'network',
  'clock',
  'credentials',
  'rate',
  'routes',
  'sending',
  'disk',
  'state',
  'daemons',
  'deliveries',
  'service',
] as const;
export type CheckName = (typeof CHECKS)[number];

export const FINDINGS = {
  'check-late': ['settings', 'problem'],
  'check-broken': ['settings', 'problem'],

  'settings-read': ['settings', 'ok'],
  'setting-wrong': ['settings', 'problem'],
  'setting-note': ['settings', 'note'],
  'extra-ca-missing': ['settings', 'warning'],

  'org-unknown': ['network', 'note'],
  'dns-found': ['network', 'ok'],
  'dns-by-proxy': ['network', 'ok'],
  'dns-failed': ['network', 'problem'],
  'proxy-open': ['network', 'ok'],
  'proxy-dns': ['network', 'problem'],
  'proxy-unreachable': ['network', 'problem'],
  'proxy-credentials': ['network', 'problem'],
  'proxy-refused': ['network', 'problem'],
  'proxy-failed': ['network', 'problem'],
  'org-reached': ['network', 'ok'],
  'org-unreachable': ['network', 'problem'],
  'tls-valid': ['network', 'ok'],
  'tls-none': ['network', 'note'],
  'tls-expiring': ['network', 'warning'],
  'tls-expired': ['network', 'problem'],
  'tls-early': ['network', 'problem'],
  'tls-name': ['network', 'problem'],
  'tls-issuer': ['network', 'problem'],
  'tls-failed': ['network', 'problem'],

  'clock-right': ['clock', 'ok'],
  'clock-off': ['clock', 'warning'],
  'clock-unknown': ['clock', 'note'],

  'credentials-good': ['credentials', 'ok'],
  'credentials-refused': ['credentials', 'problem'],
  'credentials-zone': ['credentials', 'problem'],
  'credentials-role': ['credentials', 'problem'],
  'credentials-scope': ['credentials', 'problem'],
  'credentials-dpop': ['credentials', 'problem'],
  'credentials-untested': ['credentials', 'note'],
  'token-idle': ['credentials', 'warning'],
  'okta-refused': ['credentials', 'problem'],
  'okta-odd': ['credentials', 'problem'],

  'rate-fine': ['rate', 'ok'],
  'rate-crowded': ['rate', 'warning'],
  'rate-spent': ['rate', 'warning'],
  'rate-interval': ['rate', 'warning'],
  'rate-unknown': ['rate', 'note'],

  'route-reached': ['routes', 'ok'],
  'route-disabled': ['routes', 'note'],
  'route-expiring': ['routes', 'warning'],
  'route-insecure': ['routes', 'warning'],
  'route-own-certificate': ['routes', 'warning'],
  'route-address': ['routes', 'problem'],
  'route-dns': ['routes', 'problem'],
  'route-unreachable': ['routes', 'problem'],
  'route-proxy': ['routes', 'problem'],
  'route-tls': ['routes', 'problem'],

  'send-delivered': ['sending', 'ok'],
  'send-failed': ['sending', 'problem'],

  'folder-unknown': ['disk', 'note'],
  'folder-missing': ['disk', 'note'],
  'folder-fine': ['disk', 'ok'],
  'folder-owner': ['disk', 'note'],
  'folder-unwritable': ['disk', 'problem'],
  'folder-open': ['disk', 'warning'],
  'folder-network': ['disk', 'warning'],
  'disk-free': ['disk', 'ok'],
  'disk-low': ['disk', 'warning'],
  'disk-full': ['disk', 'problem'],

  'state-none': ['state', 'note'],
  'state-sound': ['state', 'ok'],
  'state-older': ['state', 'note'],
  'state-newer': ['state', 'problem'],
  'state-unreadable': ['state', 'problem'],
  'state-damaged': ['state', 'problem'],
  'lock-damaged': ['state', 'problem'],
  'state-large': ['state', 'warning'],
  'wal-large': ['state', 'warning'],
  'gaps-seen': ['state', 'warning'],
  'trouble-noted': ['state', 'warning'],
  'dead-letters': ['state', 'warning'],

  'daemon-running': ['daemons', 'ok'],
  'daemon-none': ['daemons', 'note'],
  'daemon-partly': ['daemons', 'warning'],
  'daemon-unknown': ['daemons', 'note'],
  'daemon-twin': ['daemons', 'warning'],
  'daemon-elsewhere': ['daemons', 'note'],
  'daemon-listening': ['daemons', 'note'],

  'deliveries-fine': ['deliveries', 'ok'],
  'poll-late': ['deliveries', 'problem'],
  'delivery-overdue': ['deliveries', 'problem'],
  'route-held': ['deliveries', 'warning'],
  'route-paused': ['deliveries', 'warning'],
  'queue-left': ['deliveries', 'warning'],

  'unit-none': ['service', 'note'],
  'unit-fine': ['service', 'ok'],
  'unit-settings': ['service', 'note'],
  'unit-unreadable': ['service', 'note'],
  'unit-program': ['service', 'problem'],
  'unit-version': ['service', 'warning'],
  'unit-restart': ['service', 'warning'],
  'unit-state': ['service', 'warning'],
  'unit-file-missing': ['service', 'problem'],
} as const satisfies Readonly<Record<string, readonly [check: CheckName, level: Level]>>;

export type FindingId = keyof typeof FINDINGS;

export interface Finding {
  /** Fixed; what scripts look for. */
  readonly id: FindingId;
  /** The org that it is about, where there are several. */
  readonly org?: string;
  readonly check: CheckName;
  readonly level: Level;
  /** What was found, in words; no secret, but text of strangers may be in it. */
  readonly found: string;
  /** What to do. */
  readonly fix?: string;
}

export function finding(id: FindingId, found: string, fix?: string): Finding {
  const [check, level] = FINDINGS[id];
  return { id, check, level, found, ...(fix !== undefined && { fix }) };
}
