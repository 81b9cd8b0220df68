/** The texts of `loghook service print`. Every path and name from outside goes through one of the quoting functions below. */
import { PLACEHOLDERS, type UnitSecret } from './secret.ts';

/** What a unit's text depends on. */
export interface UnitFacts {
  readonly execPath: string;
  readonly entry: string;
  readonly home: string;
  readonly user: string;
  /** Scheme and host of the Okta org, where it is known. */
  readonly orgUrl: string | undefined;
  /** Undefined: the routes file names its orgs, and where their secrets stand. */
  readonly secret: UnitSecret | undefined;
  /** As it is called in the folder of the service: `loghook.csv`. */
  readonly routesFile: string;
  /** Carried over so that the service and a command typed by hand agree on the state folder. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Exit codes that starting again does not mend: usage or configuration, state, credentials. */
const NOT_MENDED_BY_RESTART = '2 3 4';
/** The drain takes at most 10 s; systemd's patience is twice that. */
const STOP_SECONDS = 20;
const PLACEHOLDER_ORG = 'https://your-org.okta.com';

const SYSTEM_HARDENING = `
# What loghook may do. No MemoryDenyWriteExecute: Node compiles JavaScript to machine code while it runs.
# AF_NETLINK: the resolver lists the machine's addresses through it. @pkey: newer Nodes guard compiled code with it.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
`.trim();

/** Only what a user's own systemd can do without namespaces, which many systems keep from users. */
const USER_HARDENING = `
# What loghook may do, as far as a user's own systemd can hold it to that.
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallErrorNumber=EPERM
`.trim();

/** The same in both units: how systemd starts, watches, reloads and stops loghook. */
function lifeOf(command: string): string {
  return `
Type=notify
# Node speaks to systemd through systemd-notify, a child of its own.
NotifyAccess=all
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
Restart=on-failure
RestartSec=5
# Trying again does not mend: 2 configuration, 3 state, 4 credentials refused.
RestartPreventExitStatus=${NOT_MENDED_BY_RESTART}
# loghook finishes what is in flight within 10 s; only it is asked to stop, not the systemd-notify that says so.
TimeoutStopSec=${STOP_SECONDS}
KillMode=mixed
UMask=0077
# No core dump: it would hold what loghook is known by to Okta.
LimitCORE=0
`.trim();
}

/** A hardened unit for /etc/systemd/system, with a user of its own. */
export function systemUnit(facts: UnitFacts): string {
  return `
# loghook as a system service. Once, as root:
#
#   useradd --system --user-group --home-dir /var/lib/loghook --no-create-home --shell /usr/sbin/nologin loghook
#     (or systemd-sysusers, with this line:  u loghook - "loghook" /var/lib/loghook)
#   install -d -m 0750 -g loghook /etc/loghook
${firstSteps(facts, '/etc/loghook', '-m 0640 -g loghook')}
#
# Save this file as /etc/systemd/system/loghook.service, then:
#
#   systemctl daemon-reload && systemctl enable --now loghook
#
# How it is:  systemctl status loghook
#             journalctl -u loghook
#             sudo -u loghook loghook status --state /var/lib/loghook
# New routes: systemctl reload loghook
# A changed secret: systemctl restart loghook, for systemd hands it over at a start (from systemd 260 on a reload does
#             too, with RefreshOnReload=credentials)
# Print this file again when Node or loghook has moved.

[Unit]
Description=loghook: Okta System Log to webhooks
# Not network-online.target: loghook starts offline and waits. After=network.target keeps the network up while it drains.
After=network.target

[Service]
${lifeOf(commandLine(facts, ['run', '--config', `/etc/loghook/${facts.routesFile}`]))}

User=loghook
Group=loghook
StateDirectory=loghook
StateDirectoryMode=0700
WorkingDirectory=/var/lib/loghook

${orgSetting(facts)}# Settings, a NAME=value a line. They win over the lines above.
EnvironmentFile=-/etc/loghook/env
${credentialLines(facts.secret)}
${SYSTEM_HARDENING}
${visibility(facts)}

[Install]
WantedBy=multi-user.target
`.trimStart();
}

/** A unit for ~/.config/systemd/user: no root, no user of its own, the state folder that commands typed by hand use too. */
export function userUnit(facts: UnitFacts): string {
  return `
# loghook as a service of your own. Once:
#
#   mkdir -p -m 0700 ~/.config/loghook ~/.config/systemd/user
${firstSteps(facts, '~/.config/loghook', '-m 0600')}
#
# Save this file as ~/.config/systemd/user/loghook.service, then:
#
#   systemctl --user daemon-reload && systemctl --user enable --now loghook
#   loginctl enable-linger ${facts.user}          to keep it running while you are not logged in
#
# How it is:  systemctl --user status loghook
#             journalctl --user -u loghook
#             loghook status
# New routes, or a changed secret: systemctl --user reload loghook
# Print this file again when Node or loghook has moved.

[Unit]
Description=loghook: Okta System Log to webhooks

[Service]
${lifeOf(commandLine(facts, ['run', '--config', `%h/.config/loghook/${facts.routesFile}`]))}

WorkingDirectory=%h/.config/loghook
${orgSetting(facts)}${secretSetting(facts.secret)}${environmentLines(facts.settings)}# Settings, a NAME=value a line. They win over the lines above.
EnvironmentFile=-%h/.config/loghook/env

${USER_HARDENING}

[Install]
WantedBy=default.target
`.trimStart();
}

/** `settings` are systemd's own text: their % means what systemd says. The paths mean themselves. */
function commandLine(facts: UnitFacts, settings: readonly string[]): string {
  return [programWord(facts.execPath), commandWord(facts.entry), ...settings].join(' ');
}

/** Up to where the unit is saved: what belongs into the folder of the service. */
function firstSteps({ secret, routesFile }: UnitFacts, folder: string, mode: string): string {
  const install = `install ${mode} ${routesFile} ${folder}/${routesFile}`;
  const steps =
    secret === undefined
      ? [
          install,
          `  (and each \${file:...} that it names; a relative path begins at ${folder})`,
          pasteLine(`${folder}/env`, `each variable that it names, as NAME=value`),
        ]
      : [
          pasteLine(`${folder}/${secret.file}`, `the ${secret.what}`),
          install,
          ...(routesFile === 'loghook.csv' ? [OR_YAML] : []),
          `echo OKTA_ORG_URL=${PLACEHOLDER_ORG} >${folder}/env`,
        ];
  return steps.map((step) => `#   ${step}`).join('\n');
}

const OR_YAML = '  (or loghook.yaml: then write its name into ExecStart below, too)';

/** With what a service app is known by; a placeholder stands in a comment. */
function orgSetting({ orgUrl, secret }: UnitFacts): string {
  if (secret === undefined) return '';
  const org =
    orgUrl === undefined
      ? `# Environment=OKTA_ORG_URL=${PLACEHOLDER_ORG}`
      : `Environment=OKTA_ORG_URL=${orgUrl}`;
  const app = secret.settings.map(
    ([name, value]) => `${PLACEHOLDERS.includes(value) ? '# ' : ''}Environment=${name}=${value}`,
  );
  return [org, ...app].map((line) => `${line}\n`).join('');
}

function secretSetting(secret: UnitSecret | undefined): string {
  if (secret === undefined) return '';
  return `Environment=${secret.setting}=%h/.config/loghook/${secret.file}\n`;
}

function credentialLines(secret: UnitSecret | undefined): string {
  if (secret === undefined) return '';
  const { what, setting, file } = secret;
  return `\
# The ${what}: a file of root's, mode 0600, that only this service is handed. Where systemd is older than 247, drop this line,
# make the file 0640 root:loghook, and add ${setting}=/etc/loghook/${file} to /etc/loghook/env.
LoadCredential=${file}:/etc/loghook/${file}
`;
}

function pasteLine(path: string, what: string): string {
  return `${`(umask 077; cat >${path})`.padEnd(52)} paste ${what}, Enter, Ctrl-D`;
}

function environmentLines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `Environment=${settingWord(`${name}=${value}`)}\n`)
    .join('');
}

/** Hides the homes and /tmp, unless Node or loghook itself stands there. */
function visibility({ execPath, entry }: UnitFacts): string {
  const under = (...folders: readonly string[]) =>
    folders.some((folder) => [execPath, entry].some((path) => path.startsWith(`${folder}/`)));
  const why =
    '# Node or loghook stands there: the user loghook must be able to read it. Better: npm install -g loghook.';
  const home = under('/home', '/root', '/run/user')
    ? [why, 'ProtectHome=read-only']
    : ['ProtectHome=yes'];
  const temporary = under('/tmp', '/var/tmp') ? [why, 'PrivateTmp=no'] : ['PrivateTmp=yes'];
  return [...home, ...temporary].join('\n');
}

const PLAIN_WORD = /^[\w/.:@+,=-]+$/;

/** The program of an ExecStart=: systemd.service(5) expands % in it, and no $. */
function programWord(path: string): string {
  return quoted(path.replaceAll('%', '%%'));
}

/** An argument of an ExecStart=: % and $ both stand for themselves only when doubled. */
function commandWord(text: string): string {
  return quoted(text.replaceAll('%', '%%').replaceAll('$', '$$$$')); // in a replacement $$ is one $
}

/** A NAME=value of an Environment=, where $ means itself: systemd.exec(5). */
function settingWord(text: string): string {
  return quoted(text.replaceAll('%', '%%'));
}

/** systemd.syntax(7): in quotes, only the backslash and the quote need care. Control characters never get here. */
function quoted(text: string): string {
  return PLAIN_WORD.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
