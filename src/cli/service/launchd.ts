/** The LaunchAgent of `loghook service print launchd`. Everything from outside is escaped; the secret is only pointed to. */
import type { UnitSecret } from './secret.ts';
import type { UnitFacts } from './systemd.ts';

/** launchd cannot tell exit codes apart: a wrong setting is tried again, but not more often than this. */
const START_AT_MOST_EVERY_SECONDS = 60;
const STOP_SECONDS = 20;
/** 0077: launchd.plist(5) takes a decimal number. */
const UMASK = 63;

type PropertyValue =
  | string
  | number
  | boolean
  | readonly string[]
  | { readonly [key: string]: PropertyValue };

/** A property list for ~/Library/LaunchAgents; it starts at login. */
export function launchAgent(facts: UnitFacts): string {
  const folder = `${facts.home}/.config/loghook`;
  const logFile = `${facts.home}/Library/Logs/loghook/loghook.log`;
  const { secret, routesFile } = facts;
  const agent = {
    Label: 'com.loghook',
    ProgramArguments: [
      stableNode(facts.execPath),
      facts.entry,
      'run',
      '--config',
      `${folder}/${routesFile}`,
    ],
    WorkingDirectory: folder,
    EnvironmentVariables: {
      ...(secret && settingsOf(secret, facts, folder)),
      ...facts.settings,
    },
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: START_AT_MOST_EVERY_SECONDS,
    ExitTimeOut: STOP_SECONDS,
    Umask: UMASK,
    StandardOutPath: logFile,
    StandardErrorPath: logFile,
  };
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!--
  loghook as a LaunchAgent. Once:

    mkdir -p -m 0700 ~/.config/loghook ~/Library/Logs/loghook ~/Library/LaunchAgents
${firstSteps(facts)}

  ${toAdd(facts)}Save this file as ~/Library/LaunchAgents/com.loghook.plist, then:

    launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/com.loghook.plist

  How it is:  loghook status
              tail ~/Library/Logs/loghook/loghook.log
  New routes: launchctl kill HUP gui/$(id -u)/com.loghook
  Stop:       launchctl bootout gui/$(id -u)/com.loghook
  Print this file again when Node or loghook has moved.
-->
<plist version="1.0">
${formatValue(agent, '')}
</plist>
`;
}

function settingsOf(secret: UnitSecret, { orgUrl }: UnitFacts, folder: string) {
  return {
    ...(orgUrl !== undefined && { OKTA_ORG_URL: orgUrl }),
    ...Object.fromEntries(secret.settings),
    [secret.setting]: `${folder}/${secret.file}`,
  };
}

function firstSteps({ secret, routesFile }: UnitFacts): string {
  const folder = '~/.config/loghook';
  const install = `install -m 0600 ${routesFile} ${folder}/${routesFile}`;
  const steps =
    secret === undefined
      ? [install, `  (and each \${file:...} that it names; a relative path begins at ${folder})`]
      : [
          `${`(umask 077; cat >${folder}/${secret.file})`.padEnd(52)} paste the ${secret.what}, Enter, Ctrl-D`,
          install,
          ...(routesFile === 'loghook.csv' ? [OR_YAML] : []),
        ];
  return steps.map((step) => `    ${step}`).join('\n');
}

const OR_YAML = '  (or loghook.yaml: then write its name into ProgramArguments below, too)';

function toAdd({ secret, orgUrl, routesFile }: UnitFacts): string {
  if (secret === undefined) {
    return `Add each variable that ${routesFile} names to EnvironmentVariables below. `;
  }
  return orgUrl === undefined ? 'Add OKTA_ORG_URL to EnvironmentVariables below. ' : '';
}

/** Homebrew deletes Cellar/node/<version> when it upgrades; its opt/node stays. */
function stableNode(path: string): string {
  return path.replace(/\/Cellar\/(node(?:@\d+)?)\/[^/]+\/bin\/node$/, '/opt/$1/bin/node');
}

function formatValue(value: PropertyValue, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escapeXml(value)}</string>`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value}/>`;
  const inner = `${indent}  `;
  if (isList(value))
    return wrap(
      'array',
      indent,
      value.map((item) => formatValue(item, inner)),
    );
  return wrap(
    'dict',
    indent,
    Object.entries(value).flatMap(([key, item]) => [
      `${inner}<key>${escapeXml(key)}</key>`,
      formatValue(item, inner),
    ]),
  );
}

function isList(value: PropertyValue): value is readonly string[] {
  return Array.isArray(value);
}

function wrap(tag: string, indent: string, lines: readonly string[]): string {
  return [`${indent}<${tag}>`, ...lines, `${indent}</${tag}>`].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? '');
}
