/** Instants and durations as people read them. */

/** How long something lasted or is ago, in the unit that people would use: `41 s`, `3 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** `41 s ago`. What has yet to come, as another clock than ours had it, or ours before it was set: `in 3 h`. */
export function ago(ms: number): string {
  // Who looks has read its clock a moment before it reads what is written meanwhile.
  return ms > -1_000 ? `${duration(Math.max(0, ms))} ago` : `in ${duration(-ms)}`;
}

/** Local time: `2026-11-21 09:46:04`. */
export function localTime(at: number): string {
  const local = new Date(at);
  const pad = (part: number) => String(part).padStart(2, '0');
  const day = `${local.getFullYear()}-${pad(local.getMonth() + 1)}-${pad(local.getDate())}`;
  return `${day} ${pad(local.getHours())}:${pad(local.getMinutes())}:${pad(local.getSeconds())}`;
}

/** Local time as a narrow column: `09:46:04`, or `11-20 09:46` on another day than `now`. */
export function shortTime(at: number, now: number): string {
  const [then, today] = [localTime(at), localTime(now)];
  return then.slice(0, 10) === today.slice(0, 10) ? then.slice(11) : then.slice(5, 16);
}

/** `2026-11-21 09:46:04 (45 s ago)`, or `never`. */
export function when(at: number | undefined, now: number): string {
  return at === undefined ? 'never' : `${localTime(at)} (${ago(now - at)})`;
}

/** ISO 8601, for JSON. */
export function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
