/** What the state folder's database says: whether it is sound, what is missing, what waits for a person. */
import { reasonOf } from '../../../errors.ts';
import type { Standing } from '../../../state/beside/standing.ts';
import { LOCK_HINT, lookAtLock } from '../../../state/database/folder.ts';
import type { Soundness } from '../../../state/database/soundness.ts';
import { gapInShort } from '../../../status/gap-words.ts';
import { shownPath } from '../../io.ts';
import { count } from '../../words/counts.ts';
import { when } from '../../words/time.ts';
import { megabytes } from '../bytes.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

const DAY_MS = 86_400_000;
const LAST_DAYS = 7;
/** Beyond what history may come to. */
const LARGE_BYTES = 1_500_000_000;
/** It is kept at 64 MB, unless somebody reads all the time. */
const LARGE_WAL_BYTES = 256_000_000;

export function checkState({ folder, state, clock }: Scene): readonly Finding[] {
  if (folder === undefined) return [];
  const { soundness, standing } = state;
  return [
    ...soundnessFindings(soundness),
    ...lockFindings(folder),
    ...(standing === undefined ? [] : standingFindings(standing, clock.now())),
  ];
}

function soundnessFindings(soundness: Soundness): Finding[] {
  switch (soundness.kind) {
    case 'none':
      return [finding('state-none', 'nothing has run with this folder yet')];
    case 'unreadable': {
      const { error } = soundness;
      const found = `${error.message} (${reasonOf(error.cause)})`;
      return [finding('state-unreadable', found, error.hint ?? 'look at the file')];
    }
    case 'older':
    case 'newer':
      return [ofAnother(soundness)];
    case 'read':
      return [...sound(soundness), ...sizes(soundness)];
  }
}

function ofAnother({ kind, version, known }: Extract<Soundness, { version: number }>): Finding {
  const found = `the state has version ${version}, this loghook knows up to ${known}`;
  if (kind === 'older') return finding('state-older', `${found}: the next run makes it new`);
  return finding(
    'state-newer',
    found,
    'run the newer loghook that wrote it, or name another folder with --state',
  );
}

function lockFindings(folder: string): Finding[] {
  const lock = lookAtLock(folder);
  if (lock.kind !== 'damaged') return [];
  const found = `${shownPath(lock.path)} ${lock.why}: no run can lock the folder`;
  return [finding('lock-damaged', found, LOCK_HINT)];
}

type ReadSoundness = Extract<Soundness, { kind: 'read' }>;

function sound({ bytes, damage, isPartly }: ReadSoundness): Finding[] {
  if (damage !== undefined) {
    const fix = 'stop loghook and restore the folder from a backup, or move it away to start anew';
    return [finding('state-damaged', `the database is damaged: ${damage}`, fix)];
  }
  const left = isPartly ? " (but for the events' bytes, which are many)" : '';
  return [finding('state-sound', `the database is sound${left}, ${megabytes(bytes)}`)];
}

function sizes({ bytes, walBytes }: ReadSoundness): Finding[] {
  const large = `the database has ${megabytes(bytes)}, more than its history may come to`;
  const wal = `the log that is written ahead (state.db-wal) has ${megabytes(walBytes)}`;
  return [
    ...(bytes > LARGE_BYTES
      ? [finding('state-large', large, 'look at what is queued and dead: loghook status')]
      : []),
    ...(walBytes > LARGE_WAL_BYTES
      ? [
          finding(
            'wal-large',
            wal,
            'end what keeps the database open (sqlite3, a backup), or restart loghook',
          ),
        ]
      : []),
  ];
}

function standingFindings(standing: Standing, now: number): Finding[] {
  return [...gaps(standing, now), ...trouble(standing, now), ...dead(standing)];
}

function gaps({ gaps: { newest } }: Standing, now: number): Finding[] {
  const recent = newest.filter(({ at }) => at >= now - LAST_DAYS * DAY_MS);
  const [latest] = recent;
  if (latest === undefined) return [];
  const found = `${count(recent.length, 'gap')} in the last ${LAST_DAYS} days, the latest ${when(latest.at, now)}: ${gapInShort(latest)}`;
  const fix = 'see what is missing with loghook audit, and get it with loghook backfill';
  return [finding('gaps-seen', found, fix)];
}

function trouble({ trouble: noted, holderPid }: Standing, now: number): Finding[] {
  if (noted === undefined) return [];
  const who = holderPid === undefined ? 'the last run could not' : 'the daemon cannot';
  const found = `${who} read Okta, since ${when(noted.since, now)}: ${noted.what}`;
  return [
    finding(
      'trouble-noted',
      found,
      'see what is said above of the way to Okta and of the credentials',
    ),
  ];
}

function dead({ routes }: Standing): Finding[] {
  const all = routes.reduce((sum, route) => sum + route.dead, 0);
  if (all === 0) return [];
  const found = `${count(all, 'dead letter')} waiting for a person`;
  return [finding('dead-letters', found, 'loghook dead list, then replay or drop them')];
}
