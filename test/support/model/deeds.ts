/** What somebody did behind the daemon's back, as an audit must find it: by the home of a route. */

export interface Deed {
  missing: number;
  changed: number;
  duplicates: number;
  /** Of what was missing, by a repair. */
  owed: number;
}

export class Deeds {
  /** Ids of events that Okta does not list. */
  readonly leftOut = new Set<string>();
  readonly #byHome = new Map<string, Deed>();

  of(home: string): Deed {
    const known = this.#byHome.get(home) ?? { missing: 0, changed: 0, duplicates: 0, owed: 0 };
    this.#byHome.set(home, known);
    return known;
  }

  /** What was missing on these is owed. Returns how many deliveries that must have been. */
  repaired(inForce: ReadonlyMap<number, string>): number {
    let owed = 0;
    for (const home of inForce.values()) {
      const deed = this.of(home);
      owed += deed.missing;
      Object.assign(deed, { missing: 0, owed: deed.missing });
    }
    return owed;
  }

  findings(): { readonly missing: number; readonly changed: number; readonly duplicate: number } {
    const deeds = [...this.#byHome.values()];
    const sum = (of: (deed: Deed) => number) => deeds.reduce((all, deed) => all + of(deed), 0);
    return {
      missing: sum(({ missing }) => missing),
      changed: sum(({ changed }) => changed),
      duplicate: sum(({ duplicates }) => duplicates),
    };
  }
}
