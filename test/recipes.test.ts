/** The dashboard and the alert rules that users get: they name what a loghook really says, and Prometheus reads them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { Metrics } from '../src/status/metrics/metrics.ts';
import { parseScrape } from './support/scrape.ts';
import { tempFolder } from './support/temp-folder.ts';

const recipes = resolve(dirname(fileURLToPath(import.meta.url)), '../../recipes');
const ALERTS = join(recipes, 'prometheus-alerts.yml');
const DASHBOARD = join(recipes, 'grafana-dashboard.json');

const LIMITS = { pollAgeMs: 300_000, queueAgeMs: 3_600_000 };

/** Of a histogram these exist, not the bare name. */
const SUFFIX = /_(bucket|sum|count)$/;

function namesIn(expressions: readonly string[]): Set<string> {
  const all = expressions.flatMap((text) => text.match(/\b(?:loghook|process|nodejs)_\w+/g) ?? []);
  return new Set(all.map((name) => name.replace(SUFFIX, '')));
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

function dashboard(): { readonly panels: readonly Panel[]; readonly text: string } {
  const text = readFileSync(DASHBOARD, 'utf8');
  return { ...JSON.parse(text), text };
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary?: string };
}

function rules(): readonly Rule[] {
  const { groups } = parse(readFileSync(ALERTS, 'utf8'));
  return groups.flatMap((group: { rules: readonly Rule[] }) => group.rules);
}

/** Every name that there is, from a real answer. */
async function existing(): Promise<ReadonlySet<string>> {
  const metrics = new Metrics('1.2.3');
  metrics.meter();
  return parseScrape(await metrics.text([])).names;
}

test('every metric that a panel names exists', async () => {
  const names = await existing();
  const named = namesIn(
    dashboard().panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  );

  assert.deepEqual(
    [...named].filter((name) => !names.has(name)),
    [],
  );
});

test('every metric that a rule names exists', async () => {
  const names = await existing();
  const named = namesIn(rules().map(({ expr }) => expr));

  assert.deepEqual(
    [...named].filter((name) => !names.has(name)),
    [],
  );
});

test('the dashboard shows every metric there is, but for when the process began', async () => {
  const shown = namesIn([dashboard().text]);

  const missing = [...(await existing())].filter((name) => !shown.has(name));

  assert.deepEqual(missing, ['process_start_time_seconds']);
});

/** A series of one org or route; of the process there is one, whatever it reads. */
const OF_AN_ORG = /\bloghook_(?!build_info)\w+\{[^}]*\}/g;

test('with several orgs one can be chosen on the dashboard, and told from the others', () => {
  const targets = dashboard().panels.flatMap((panel) =>
    panel.targets.map((target) => ({ ...target, title: panel.title })),
  );

  for (const { title, expr, legendFormat } of targets) {
    for (const [series] of expr.matchAll(OF_AN_ORG)) assert.match(series, /org=~"\$org"/, title);
    const split = /\bby \([^)]*\b(?:org|route)\b[^)]*\)/.exec(expr)?.[0];
    if (split !== undefined) assert.match(split, /\borg\b/, title);
    const isOfAll = /^(?:sum|min|max|histogram_quantile)\b/.test(expr) && split === undefined;
    if (expr.search(OF_AN_ORG) >= 0 && !isOfAll) assert.match(legendFormat, /\{\{org\}\}/, title);
  }
});

test('an alert of one org says which', () => {
  const ofTheProcess = ['LoghookAbsent', 'LoghookDown'];

  const silent = rules().filter(({ annotations }) => !annotations.summary?.includes('$labels.org'));

  assert.deepEqual(
    silent.map(({ alert }) => alert),
    ofTheProcess,
  );
});

test('every rule has a summary and a name of its own', () => {
  const all = rules();

  assert.equal(new Set(all.map(({ alert }) => alert)).size, all.length);
  assert.deepEqual(
    all.filter(({ annotations }) => annotations.summary === undefined),
    [],
  );
});

test('words in expressions are those of the closed sets', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter().lagged('r', { oktaMs: 1, pollMs: 1, queueMs: 1, sendMs: 1 });
  const route = { name: 'r', state: 'flowing', queued: 0, dead: 0 } as const;
  const text = await metrics.text([
    { isHealthy: true, isWritable: true, limits: LIMITS, routes: [route] },
  ]);
  const exprs = [...rules(), ...dashboard().panels.flatMap(({ targets }) => targets)];
  const words = exprs.flatMap(({ expr }) => [
    ...expr.matchAll(/\b(state|result|outcome|part)(?:!?=~?)"([a-z_|]+)"/g),
  ]);

  assert.ok(words.length > 0);
  for (const [, label = '', value = ''] of words) {
    for (const word of value.split('|')) assert.ok(text.includes(`${label}="${word}"`), word);
  }
});

function promtool(t: TestContext, ...args: string[]) {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (error === undefined) return { status, said: `${stdout}${stderr}` };
  t.skip('promtool is not installed (Debian: prometheus)');
  return undefined;
}

test('promtool takes the rules', (t) => {
  const checked = promtool(t, 'check', 'rules', ALERTS);
  if (checked === undefined) return;

  assert.match(checked.said, /SUCCESS/);
  assert.equal(checked.status, 0);
});

/** Series as they are every 15 s, looked at after two hours: the alerts that then fire for each instance. */
const STAYS = '+0x480';
/** What came half an hour before. */
const roseFrom = (before: string, after: string) => `${before}+0x359 ${after}+0x120`;
const SCENES: readonly (readonly [
  why: string,
  series: readonly string[],
  alerts: readonly string[],
])[] = [
  [
    'a poll every ten minutes is no trouble',
    ['loghook_poll_lag_seconds 900', 'loghook_poll_lag_limit_seconds 1860'],
    [],
  ],
  [
    'a poll that is later than it may be',
    ['loghook_poll_lag_seconds 1900', 'loghook_poll_lag_limit_seconds 1860'],
    ['LoghookNotPolling'],
  ],
  [
    'an event that waits longer than it may, of one org alone',
    [
      'loghook_queue_oldest_seconds{org="a",route="r"} 4000',
      'loghook_queue_oldest_limit_seconds{org="a"} 3600',
      'loghook_queue_oldest_seconds{org="b",route="r"} 3000',
      'loghook_queue_oldest_limit_seconds{org="b"} 3600',
    ],
    ['LoghookQueueOld'],
  ],
  [
    'an event that waits for a route that is paused',
    [
      'loghook_queue_oldest_seconds{route="r"} 4000',
      'loghook_queue_oldest_limit_seconds 3600',
      'loghook_route_state{route="r",state="paused"} 1',
    ],
    [],
  ],
  [
    'an event that is given up on',
    [
      `loghook_deliveries_total{route="r",result="dead"} ${roseFrom('0', '1')}`,
      `loghook_dead_letters{route="r"} ${roseFrom('0', '1')}`,
    ],
    ['LoghookDeadLetters'],
  ],
  [
    'events that were given up on right after a start, before anybody scraped it',
    [
      'loghook_deliveries_total{route="r",result="dead"} _x360 5+0x120',
      `loghook_dead_letters{route="r"} ${roseFrom('3', '8')}`,
    ],
    ['LoghookDeadLetters'],
  ],
  [
    'a piece of a page that could not be read',
    [`loghook_dead_letters{route="(unreadable pages)"} ${roseFrom('0', '1')}`],
    ['LoghookDeadLetters'],
  ],
  [
    'dead letters that lie there since yesterday, or that a person drops',
    [
      'loghook_deliveries_total{route="r",result="dead"} 9',
      `loghook_deliveries_total{route="r",result="dropped"} ${roseFrom('0', '4')}`,
      `loghook_dead_letters{route="r"} ${roseFrom('9', '5')}`,
    ],
    [],
  ],
  ['one of several that does not run', ['up 0'], ['LoghookDown']],
  ['one that runs', ['up 1'], []],
];

for (const [why, series, alerts] of SCENES) {
  test(`alerts: ${why}`, (t) => {
    const names = rules().map(({ alert }) => alert);
    const inputs = [...series, 'loghook_build_info{version="1"} 1'].map((text) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (.+)$/.exec(text) ?? [];
      const all = [labels, 'job="loghook"', 'instance="here"'].filter((label) => label !== '');
      return {
        series: `${name}{${all.join(',')}}`,
        values: /^\d+$/.test(value) ? value + STAYS : value,
      };
    });
    const file = join(tempFolder(t), 'scene.json');
    const firing = `count by (alertname) (ALERTS{alertstate="firing"})`;
    const samples = [...alerts].sort().map((alert) => ({
      labels: `{alertname="${alert}"}`,
      value: 1,
    }));
    writeFileSync(
      file,
      JSON.stringify({
        rule_files: [ALERTS],
        evaluation_interval: '15s',
        tests: [
          {
            interval: '15s',
            input_series: inputs,
            promql_expr_test: [{ expr: firing, eval_time: '2h', exp_samples: samples }],
          },
        ],
      }),
    );

    const checked = promtool(t, 'test', 'rules', file);
    if (checked === undefined) return;

    assert.equal(checked.status, 0, checked.said);
    assert.ok(alerts.every((alert) => names.includes(alert)));
  });
}
