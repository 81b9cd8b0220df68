/** What `loghook service print` prints, read by Debian's own systemd tools; and which paths it refuses. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { SERVICE_KINDS, type ServiceFacts, serviceUnit } from '../../src/cli/service/unit.ts';
import { ConfigError } from '../../src/errors.ts';
import { Sandbox } from '../support/loghook.ts';
import { parsePropertyList } from '../support/property-list.ts';
import { requireTool } from '../support/tools.ts';

const onLinux = { skip: process.platform === 'linux' ? false : 'systemd is on Linux only' };

const FACTS: ServiceFacts = {
  execPath: '/usr/bin/env', // verify wants a program that exists; a developer's node may be a version manager's
  entry: '/usr/lib/node_modules/loghook/bin/loghook.js',
  home: '/home/ann',
  user: 'ann',
  env: { OKTA_ORG_URL: 'https://acme.okta.com' },
  platform: 'linux',
};
const BRACED = '$' + '{x}';
/** What means something to systemd or in XML, in one name. */
const AWKWARD = `a b%n$HOME${BRACED} é & <c>`;
const QUOTES = `"q" 'r' \\t`;

interface Verdict {
  readonly status: number;
  readonly output: string;
}

async function analyze(t: TestContext, unit: string, args: readonly string[]): Promise<Verdict> {
  requireTool('systemd-analyze', 'systemd');
  requireTool('kill', 'procps'); // ExecReload=
  const folder = mkdtempSync(join(tmpdir(), 'unit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'loghook.service');
  writeFileSync(path, unit);
  const env = { ...process.env, XDG_RUNTIME_DIR: folder, SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };
  try {
    const { stdout, stderr } = await promisify(execFile)('systemd-analyze', [...args, path], {
      env,
    });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error))
      throw error;
    return { status: Number(error.code), output: `${error.stdout}${error.stderr}` };
  }
}

const VERIFY: Readonly<Record<'systemd' | 'systemd-user', readonly string[]>> = {
  systemd: ['verify', '--man=no', '--recursive-errors=no', '--system'],
  'systemd-user': ['verify', '--man=no', '--recursive-errors=no', '--user'],
};

for (const kind of ['systemd', 'systemd-user'] as const) {
  test(`systemd-analyze verify has nothing to say about the ${kind} unit`, onLinux, async (t) => {
    const verdict = await analyze(t, serviceUnit(kind, FACTS), VERIFY[kind]);

    assert.deepEqual(verdict, { status: 0, output: '' });
  });

  test(`systemd finds a program of any name in the ${kind} unit`, onLinux, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'node-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const execPath = join(folder, AWKWARD, AWKWARD);
    mkdirSync(join(folder, AWKWARD));
    writeFileSync(execPath, '#!/bin/sh\n', { mode: 0o755 });

    const unit = serviceUnit(kind, { ...FACTS, execPath, entry: `${execPath}${QUOTES}.js` });

    assert.deepEqual(await analyze(t, unit, VERIFY[kind]), { status: 0, output: '' });
    const broken = await analyze(t, unit.replaceAll('%%', '%'), VERIFY[kind]);
    assert.notDeepEqual(broken, { status: 0, output: '' }, 'verify does look at the path');
  });
}

test('the system unit is hardened to 3.0 or less', onLinux, async (t) => {
  const places = [
    {},
    { entry: '/home/ann/loghook/bin/loghook.js' },
    { entry: '/tmp/loghook/bin/loghook.js' },
  ];
  for (const place of places) {
    const unit = serviceUnit('systemd', { ...FACTS, ...place });
    const verdict = await analyze(t, unit, [
      'security',
      '--offline=yes',
      '--threshold=30',
      '--no-pager',
    ]);
    assert.equal(verdict.status, 0, verdict.output);
    assert.match(verdict.output, /Overall exposure level for loghook\.service: [0-3]\.\d/);
  }
});

test('no unit forbids what a JavaScript engine needs', () => {
  for (const kind of SERVICE_KINDS) {
    assert.doesNotMatch(
      serviceUnit(kind, FACTS),
      /^(MemoryDenyWriteExecute|DynamicUser|ProcSubset)=/m,
    );
  }
});

test('the system unit holds what the daemon counts on', () => {
  const lines = serviceUnit('systemd', FACTS).split('\n');

  for (const line of [
    'Type=notify',
    'NotifyAccess=all',
    'WatchdogSec=60',
    'User=loghook',
    'StateDirectory=loghook',
    'StateDirectoryMode=0700',
    'LoadCredential=okta-api-key:/etc/loghook/okta-api-key',
    'Environment=OKTA_ORG_URL=https://acme.okta.com',
    'ExecStart=/usr/bin/env /usr/lib/node_modules/loghook/bin/loghook.js run --config /etc/loghook/loghook.csv',
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=on-failure',
    'RestartPreventExitStatus=2 3 4',
    'TimeoutStopSec=20',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'WantedBy=multi-user.target',
  ]) {
    assert.ok(lines.includes(line), `no line ${line}`);
  }
});

test('the user unit asks for nothing that only root can give', () => {
  const lines = serviceUnit('systemd-user', FACTS).split('\n');

  for (const line of [
    'Type=notify',
    'NotifyAccess=all',
    'ExecStart=/usr/bin/env /usr/lib/node_modules/loghook/bin/loghook.js run --config %h/.config/loghook/loghook.csv',
    'Environment=OKTA_API_KEY_FILE=%h/.config/loghook/okta-api-key',
    'RestartPreventExitStatus=2 3 4',
    'WantedBy=default.target',
  ]) {
    assert.ok(lines.includes(line), `no line ${line}`);
  }
  const roots =
    /^(User|Group|DynamicUser|StateDirectory|CapabilityBoundingSet|Protect\w+|Private\w+|LoadCredential)=/;
  assert.deepEqual(
    lines.filter((line) => roots.test(line)),
    [],
  );
});

const APP = {
  ...FACTS,
  env: { ...FACTS.env, OKTA_CLIENT_ID: '0oa1practice2CLIENT3', OKTA_PRIVATE_KEY: 'marked-secret' },
};

test('for a service app each unit hands over the private key, and prints nothing of it', () => {
  const system = serviceUnit('systemd', APP).split('\n');
  const user = serviceUnit('systemd-user', APP).split('\n');
  const agent = serviceUnit('launchd', APP);

  for (const line of [
    'LoadCredential=okta-private-key:/etc/loghook/okta-private-key',
    'Environment=OKTA_CLIENT_ID=0oa1practice2CLIENT3',
    '#   (umask 077; cat >/etc/loghook/okta-private-key)      paste the private key (PEM or JWK), Enter, Ctrl-D',
  ]) {
    assert.ok(system.includes(line), `no line ${line}`);
  }
  assert.ok(user.includes('Environment=OKTA_PRIVATE_KEY_FILE=%h/.config/loghook/okta-private-key'));
  assert.match(agent, /<key>OKTA_CLIENT_ID<\/key>\s*<string>0oa1practice2CLIENT3</);
  assert.match(agent, /<key>OKTA_PRIVATE_KEY_FILE<\/key>\s*<string>\/home\/ann\/.config/);
  for (const text of [...system, ...user, agent]) {
    assert.doesNotMatch(text, /marked-secret|okta-api-key|OKTA_API_KEY/);
  }
});

test('what may be no client id and no key id is not printed', () => {
  const env = { OKTA_CLIENT_ID: 'marked-secret', OKTA_KEY_ID: 'marked-secret' };

  const unit = serviceUnit('systemd', { ...APP, env });

  assert.match(unit, /^# Environment=OKTA_CLIENT_ID=0oaYOURAPPSCLIENTID00$/m);
  assert.match(unit, /^# Environment=OKTA_KEY_ID=your-key-id$/m);
  assert.doesNotMatch(unit, /marked-secret/);
});

test('the units of a service app are as good as those of a token', onLinux, async (t) => {
  for (const kind of ['systemd', 'systemd-user'] as const) {
    const verdict = await analyze(t, serviceUnit(kind, APP), VERIFY[kind]);
    assert.deepEqual(verdict, { status: 0, output: '' });
  }
});

test('a checkout in a home or in /tmp stays visible to the system unit', () => {
  const home = serviceUnit('systemd', { ...FACTS, entry: '/home/ann/loghook/bin/loghook.js' });
  const temporary = serviceUnit('systemd', { ...FACTS, entry: '/tmp/loghook/bin/loghook.js' });

  assert.match(home, /^ProtectHome=read-only$/m);
  assert.match(home, /^PrivateTmp=yes$/m);
  assert.match(temporary, /^ProtectHome=yes$/m);
  assert.match(temporary, /^PrivateTmp=no$/m);
});

const QUOTED: readonly [path: string, program: string, argument: string][] = [
  ['/opt/node', '/opt/node', '/opt/node'],
  ['/opt/my node', '"/opt/my node"', '"/opt/my node"'],
  ['/opt/100%', '"/opt/100%%"', '"/opt/100%%"'],
  ['/opt/$HOME', '"/opt/$HOME"', '"/opt/$$HOME"'],
  [`/opt/${BRACED}`, `"/opt/${BRACED}"`, `"/opt/$${BRACED}"`],
];

for (const [path, program, argument] of QUOTED) {
  test(`${path} stands in ExecStart= as systemd reads it`, () => {
    const unit = serviceUnit('systemd', { ...FACTS, execPath: path, entry: path });

    assert.ok(unit.includes(`\nExecStart=${program} ${argument} run --config `), unit);
  });
}

test('quotes and backslashes of an argument are escaped; systemd takes no program with them', () => {
  const odd = `/opt/a"b\\c'd`;

  const unit = serviceUnit('systemd', { ...FACTS, entry: odd });

  assert.ok(unit.includes(`\nExecStart=/usr/bin/env "/opt/a\\"b\\\\c'd" run --config `), unit);
  assert.match(refusal('systemd', { ...FACTS, execPath: odd }).message, /no program with a quote/);
  assert.ok(serviceUnit('launchd', { ...FACTS, execPath: odd }).includes(odd));
});

test('the launch agent is a property list that holds the paths as they are, and no token', () => {
  const env = { ...FACTS.env, OKTA_API_KEY: 'marked-secret', LOGHOOK_STATE: `/state/${AWKWARD}` };
  const home = `/Users/${AWKWARD}${QUOTES}`;
  const execPath = `/opt/${AWKWARD}`;

  const list = parsePropertyList(serviceUnit('launchd', { ...FACTS, env, home, execPath }));

  assert.deepEqual(list, {
    Label: 'com.loghook',
    ProgramArguments: [
      execPath,
      FACTS.entry,
      'run',
      '--config',
      `${home}/.config/loghook/loghook.csv`,
    ],
    WorkingDirectory: `${home}/.config/loghook`,
    EnvironmentVariables: {
      OKTA_ORG_URL: 'https://acme.okta.com',
      OKTA_API_KEY_FILE: `${home}/.config/loghook/okta-api-key`,
      LOGHOOK_STATE: `/state/${AWKWARD}`,
    },
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 60,
    ExitTimeOut: 20,
    Umask: 0o077,
    StandardOutPath: `${home}/Library/Logs/loghook/loghook.log`,
    StandardErrorPath: `${home}/Library/Logs/loghook/loghook.log`,
  });
});

test("the launch agent starts Homebrew's Node by the path that an upgrade keeps", () => {
  const execPath = '/opt/homebrew/Cellar/node@22/22.11.0_1/bin/node';

  const unit = serviceUnit('launchd', { ...FACTS, execPath });

  assert.ok(unit.includes('<string>/opt/homebrew/opt/node@22/bin/node</string>'), unit);
});

test('the state folder that commands by hand use goes into the units of a user, and only there', () => {
  const env = { LOGHOOK_STATE: '/srv/my state', XDG_STATE_HOME: 'relative' };

  const unit = serviceUnit('systemd-user', { ...FACTS, env });

  assert.match(unit, /^Environment="LOGHOOK_STATE=\/srv\/my state"$/m);
  assert.doesNotMatch(unit, /XDG_STATE_HOME/);
  assert.doesNotMatch(serviceUnit('systemd', { ...FACTS, env }), /LOGHOOK_STATE/);
});

test('no secret of the environment is printed', () => {
  const env = {
    OKTA_API_KEY: 'marked-secret',
    OKTA_API_KEY_FILE: '/marked-secret',
    OKTA_ORG_URL:
      'https://marked-secret:marked-secret@acme.okta.com/marked-secret?marked-secret#marked-secret',
  };

  for (const kind of SERVICE_KINDS) {
    const unit = serviceUnit(kind, { ...FACTS, env });
    assert.doesNotMatch(unit, /marked-secret/);
    assert.match(unit, /https:\/\/acme\.okta\.com\b/);
  }
});

test('an org URL that is missing or no URL is left for a person to fill in', () => {
  for (const url of [undefined, '', 'acme.okta.com', 'ftp://acme.okta.com', 'javascript:1']) {
    const unit = serviceUnit('systemd', { ...FACTS, env: { OKTA_ORG_URL: url } });
    assert.match(unit, /^# Environment=OKTA_ORG_URL=https:\/\/your-org\.okta\.com$/m);
    assert.doesNotMatch(serviceUnit('launchd', { ...FACTS, env: {} }), /<key>OKTA_ORG_URL/);
  }
});

test('a loghook.yaml that names its orgs brings their secrets itself', onLinux, async (t) => {
  const facts = { ...FACTS, routesFile: 'loghook.yaml', namesOrgs: true };

  for (const kind of SERVICE_KINDS) {
    const unit = serviceUnit(kind, facts);
    assert.match(unit, /loghook\.yaml/);
    assert.doesNotMatch(unit, /loghook\.csv|OKTA_|LoadCredential|okta-api-key|undefined/);
    assert.match(unit, /each variable that /);
  }
  const unit = serviceUnit('systemd', facts);
  assert.deepEqual(await analyze(t, unit, VERIFY.systemd), { status: 0, output: '' });
});

test('a unit runs the routes file that lies there', async (t) => {
  const sandbox = new Sandbox(t);
  const secret = '00S3CRETtoken-of-the-usual-length-0000042';
  sandbox.write(
    'loghook.yaml',
    `routes:\n  - { name: a, match: .*, url: 'http://127.0.0.1:9/' }\norgs:\n  emea: { url: https://acme.okta.com, token: '\${file:t}' }\n`,
  );
  sandbox.write('t', secret);

  const { code, stdout, stderr } = await sandbox.run(['service', 'print', 'launchd']);

  // A checkout may stand in a folder that no service starts from.
  if (code !== 0) assert.match(stderr, /npm install/);
  else assert.match(stdout, /<string>[^<]*loghook\.yaml<\/string>/);
  assert.doesNotMatch(stdout + stderr, new RegExp(`${secret}|OKTA_API_KEY`));
});

const REFUSED: readonly [path: string, because: string][] = [
  ['/home/ann/.npm/_npx/1a2b/node_modules/loghook/bin/loghook.js', "npx's cache"],
  ['/root/.cache/pnpm/dlx-88/node_modules/loghook/bin/loghook.js', "pnpm dlx's cache"],
  ['/tmp/bunx-0-loghook/node_modules/loghook/bin/loghook.js', "bunx's cache"],
  ['/home/ann/.nvm/versions/node/v22.11.0/bin/node', 'nvm'],
  ['/usr/local/nvm/versions/node/v22.11.0/bin/node', 'nvm'],
  ['/home/ann/.local/share/fnm/node-versions/v22.11.0/installation/bin/node', 'fnm'],
  ['/run/user/1000/fnm_multishells/12_34/bin/node', 'fnm'],
  ['/home/ann/.volta/tools/image/node/22.11.0/bin/node', 'volta'],
  ['/home/ann/.asdf/installs/nodejs/22.11.0/bin/node', 'asdf'],
  ['/home/ann/.local/share/mise/installs/node/22.11.0/bin/node', 'mise'],
  ['/home/ann/.nodenv/versions/22.11.0/bin/node', 'nodenv'],
  ['/home/ann/.nvs/node/22.11.0/x64/bin/node', 'nvs'],
  ['/home/ann/n/bin/node', 'n'],
  ['/usr/local/n/versions/node/22.11.0/bin/node', 'n'],
];

for (const [path, because] of REFUSED) {
  test(`refuses ${path}, and says what to install instead`, () => {
    for (const kind of SERVICE_KINDS) {
      for (const facts of [{ execPath: path }, { entry: path }]) {
        const error = refusal(kind, { ...FACTS, ...facts });
        const [problem] = error.problems;
        assert.equal(error.problems.length, 1);
        assert.ok(problem?.message.includes(`is ${path}, in ${because}`), problem?.message);
        assert.match(problem?.hint ?? '', /npm install -g loghook\nthen: .*loghook service print /);
      }
    }
  });
}

test('names Node and loghook at once when both stand in a passing place, with one hint', () => {
  const execPath = '/home/ann/.nvm/versions/node/v22.11.0/bin/node';
  const entry = '/home/ann/.npm/_npx/1a2b/node_modules/loghook/bin/loghook.js';

  const { problems } = refusal('systemd', { ...FACTS, execPath, entry });

  assert.deepEqual(
    problems.map(({ where, hint }) => [where, hint !== undefined]),
    [
      ['service print systemd', false],
      ['service print systemd', true],
    ],
  );
});

test("refuses a version manager's folder that was moved", () => {
  const facts = { ...FACTS, env: { NVM_DIR: '/srv/nodes/' }, execPath: '/srv/nodes/22/bin/node' };

  assert.match(refusal('systemd', facts).message, /in nvm's folder/);
});

test('a person may be called n, and a checkout may stand anywhere', () => {
  for (const folder of [
    '/home/n',
    '/Users/volta',
    '/srv/n',
    '/home/ann/src/npx',
    '/home/ann/nvm',
  ]) {
    const entry = `${folder}/lib/loghook/bin/loghook.js`;
    assert.ok(serviceUnit('systemd', { ...FACTS, entry }).includes(entry));
  }
});

test('refuses a control character, which could set another line of the unit', () => {
  const { problems } = refusal('systemd-user', { ...FACTS, user: 'ann\nExecStart=/bin/rm' });

  assert.match(problems[0]?.message ?? '', /control character stands in "ann\\nExecStart/);
});

test('refuses on Windows', () => {
  assert.match(refusal('systemd', { ...FACTS, platform: 'win32' }).message, /Windows/);
});

function refusal(kind: (typeof SERVICE_KINDS)[number], facts: ServiceFacts): ConfigError {
  try {
    serviceUnit(kind, facts);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error;
  }
  assert.fail(`${kind} was printed for ${facts.execPath} and ${facts.entry}`);
}
