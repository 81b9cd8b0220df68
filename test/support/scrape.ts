/** What a loghook's admin server says, for tests that ask it. */
import assert from 'node:assert/strict';
import type { Loghook } from './loghook.ts';

export interface Scrape {
  readonly text: string;
  /** The names that have HELP and TYPE. */
  readonly names: ReadonlySet<string>;
  /** A sample's value; undefined: there is none. Labels in any order; those not given may be anything. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  return parseScrape(await response.text());
}

export function parseScrape(text: string): Scrape {
  const samples = text
    .split('\n')
    .map((line) => /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', labels = '', value = '']) => ({
      name,
      labels: new Map(
        [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', one = '']) => [
          key,
          one,
        ]),
      ),
      value: Number(value),
    }));
  return {
    text,
    names: new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)),
    value: (name, wanted = {}) =>
      samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(wanted).every(([key, one]) => sample.labels.get(key) === one),
      )?.value,
  };
}

/** Where it listens, as it says at its start. */
export async function adminUrl(loghook: Loghook): Promise<string> {
  const { admin } = await loghook.logged('starting');
  return `http://${String(admin)}`;
}
