/** What `loghook check` looks at: all that is written down, each problem a finding. */
import { accessSync, constants } from 'node:fs';
import { reasonOf } from '../../../errors.ts';
import { shownPath } from '../../io.ts';
import { count } from '../../words/counts.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

export function checkSettings({ io, config, folder }: Scene): readonly Finding[] {
  const { orgUrl, identityFrom, file, routesFileShownAs, notes, problems } = config;
  const read = [
    ...(orgUrl === undefined ? [] : [`org ${orgUrl.origin}`]),
    ...(identityFrom === undefined ? [] : [`credentials: ${identityFrom}`]),
    ...(file === undefined
      ? []
      : [`${count(file.routes.all.length, 'route')} in ${routesFileShownAs}`]),
    ...(folder === undefined ? [] : [`state in ${shownPath(folder)}`]),
  ];
  return [
    ...read.map((words) => finding('settings-read', words)),
    ...problems.map(({ where, message, hint }) =>
      finding('setting-wrong', `${where}: ${message}`, hint ?? 'put it right: loghook check'),
    ),
    ...notes.map((note) => finding('setting-note', note)),
    ...extraCa(io.env.NODE_EXTRA_CA_CERTS),
  ];
}

/** Node only warns, once, on a stderr that a service's log may not show. */
function extraCa(path: string | undefined): Finding[] {
  if (path === undefined || path === '') return [];
  try {
    accessSync(path, constants.R_OK);
    return [];
  } catch (error) {
    const found = `NODE_EXTRA_CA_CERTS names a file that cannot be read (${reasonOf(error)})`;
    return [
      finding('extra-ca-missing', found, 'set it to the PEM file of your company, or unset it'),
    ];
  }
}
