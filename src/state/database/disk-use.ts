/** How full the disk is that holds a folder. */
import { statfsSync } from 'node:fs';

/** 0 to 1, as `df` counts: of what a process without privileges may use. Undefined where the system does not say. */
export function diskUsedRatio(path: string): number | undefined {
  try {
    const { blocks, bfree, bavail } = statfsSync(path);
    const used = blocks - bfree;
    return blocks > 0 && used + bavail > 0 ? used / (used + bavail) : undefined;
  } catch {
    return undefined; // some sandboxes forbid to ask
  }
}
