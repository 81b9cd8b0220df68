/** A YAML or JSON text as a tree whose every node knows where it stands, so that whatever is wrong has a line. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { quote } from '../quote.ts';
import { syntaxFault } from './syntax-words.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something that is wrong, before the file's name is put to it. */
export interface Fault {
  readonly at: Position;
  readonly message: string;
  readonly hint?: string;
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly at: Position;
  value: unknown;
  /** Written without quotes. */
  readonly plain: boolean;
  /** Holds what came from a variable or a file: it may be a secret, whatever its key. */
  substituted?: boolean;
  /** Complained of already. */
  broken?: boolean;
}

interface ListTree {
  readonly kind: 'list';
  readonly at: Position;
  /** Written in brackets. */
  readonly flow: boolean;
  readonly items: Tree[];
}

export interface MapTree {
  readonly kind: 'map';
  readonly at: Position;
  readonly entries: Map<string, Entry>;
}

interface Entry {
  readonly keyAt: Position;
  readonly tree: Tree;
}

/** One step of a path into a tree. */
export type Step = string | number;

export type Tree = ScalarTree | ListTree | MapTree;

/** Far above what a person writes; anchors inside anchors can unfold to billions. */
const MOST_NODES = 100_000;
const DEEPEST = 32;
const START: Position = { line: 1, column: 1 };

/** The tree, and what is wrong with the text as YAML; no tree if nothing can be made of it. */
export function parseTree(text: string): {
  readonly tree?: Tree;
  readonly faults: readonly Fault[];
} {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false, // they repeat the line, which may hold a secret
    uniqueKeys: false, // the tree says it of every key, and goes on
    stringKeys: false,
    logLevel: 'error', // 'silent' would let further documents pass
  });
  const positionOf = (offset: number) => toPosition(lines, offset);
  const faults = syntaxFaults(document, positionOf);
  if (faults.length > 0) return { faults };
  if (document.contents === null) return { faults: [] };
  return new Planter(document, positionOf).plant(document.contents);
}

/** A key that may be repeated: it looks like a word. Where none of its name belongs a key can be anything, a secret too. */
export function shownKey(key: string): string | undefined {
  return /^[A-Za-z_$-]{1,24}$/.test(key) ? quote(key) : undefined;
}

/** The value without its positions. */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainOf);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, plainOf(entry.tree)]));
}

/** The node at the end of `path`, as far as there is one. */
export function nodeAt(tree: Tree, path: readonly Step[]): Tree | undefined {
  let node: Tree | undefined = tree;
  for (const step of path) {
    if (node?.kind === 'map') node = node.entries.get(String(step))?.tree;
    else if (node?.kind === 'list') node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

/** One fault a line, and what does not merely follow from an earlier one. */
function syntaxFaults(document: Document, positionOf: (offset: number) => Position): Fault[] {
  const byLine = new Map<number, Fault>();
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    if (code === 'UNEXPECTED_TOKEN' && byLine.size > 0) continue;
    const at = positionOf(pos[0]);
    if (!byLine.has(at.line)) byLine.set(at.line, { at, ...syntaxFault(code) });
  }
  return [...byLine.values()];
}

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return line === 0 ? START : { line, column: col };
}

class Planter {
  readonly #document: Document;
  readonly #positionOf: (offset: number) => Position;
  readonly #faults: Fault[] = [];
  #nodes = 0;

  constructor(document: Document, positionOf: (offset: number) => Position) {
    this.#document = document;
    this.#positionOf = positionOf;
  }

  plant(root: Node): { readonly tree?: Tree; readonly faults: readonly Fault[] } {
    const tree = this.#plant(root, 0);
    if (this.#nodes > MOST_NODES) {
      return {
        faults: [
          {
            at: START,
            message: 'its aliases (*name) unfold to far too much',
            hint: 'write the values out',
          },
        ],
      };
    }
    return { tree, faults: this.#faults };
  }

  #plant(node: unknown, depth: number): Tree {
    const at = this.#at(node);
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES) return { kind: 'scalar', at, value: null, plain: false };
    if (depth > DEEPEST) return this.#broken(at, 'it is nested too deeply', 'write it flat');
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target !== undefined) return this.#plant(target, depth + 1);
      const hint = `* begins an alias in YAML; a regex or text that begins with it needs quotes: '*'`;
      return this.#broken(at, 'it refers to an anchor (&name) that is not there', hint);
    }
    if (isMap(node)) return this.#map(node, at, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#plant(item, depth + 1));
      return { kind: 'list', at, flow: node.flow === true, items };
    }
    if (!isScalar(node)) return { kind: 'scalar', at, value: null, plain: true };
    return { kind: 'scalar', at, value: node.value, plain: node.type === 'PLAIN' };
  }

  #map(node: YAMLMap, at: Position, depth: number): MapTree {
    const entries = new Map<string, Entry>();
    const merged: Tree[] = [];
    for (const pair of node.items) {
      const keyAt = this.#at(pair.key);
      const key = this.#keyOf(pair, keyAt);
      if (key === undefined) continue;
      const tree = pair.value === null ? emptyAt(keyAt) : this.#plant(pair.value, depth + 1);
      if (key === '<<') merged.push(tree);
      else if (entries.has(key)) this.#refuseTwin(key, keyAt, entries.get(key));
      else entries.set(key, { keyAt, tree });
    }
    for (const tree of merged) this.#merge(tree, entries);
    return { kind: 'map', at, entries };
  }

  /** What is written out wins over what is merged, and the first of several merged over the later ones. */
  #merge(tree: Tree, into: Map<string, Entry>): void {
    const sources = tree.kind === 'list' ? tree.items : [tree];
    for (const source of sources) {
      if (source.kind !== 'map') {
        const hint = 'write <<: *name, where &name stands before a map';
        this.#faults.push({ at: source.at, message: '<< merges maps, and this is none', hint });
        continue;
      }
      for (const [key, entry] of source.entries) if (!into.has(key)) into.set(key, entry);
    }
  }

  #keyOf(pair: Pair, at: Position): string | undefined {
    if (isScalar(pair.key) && pair.key.value !== null) return String(pair.key.value);
    const hint = 'write key: value; text that begins with ?, [ or { needs quotes';
    this.#faults.push({ at, message: 'a key is missing, or is not a word', hint });
    return undefined;
  }

  #refuseTwin(key: string, at: Position, first: Entry | undefined): void {
    const shown = shownKey(key) ?? 'the same key';
    const line = first === undefined ? '' : `, first in line ${first.keyAt.line}`;
    this.#faults.push({ at, message: `${shown} stands here twice${line}`, hint: 'keep one' });
  }

  #broken(at: Position, message: string, hint: string): Tree {
    this.#faults.push({ at, message, hint });
    return { kind: 'scalar', at, value: null, plain: true, broken: true };
  }

  #at(node: unknown): Position {
    const range =
      isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return range ? this.#positionOf(range[0]) : START;
  }
}

function emptyAt(at: Position): Tree {
  return { kind: 'scalar', at, value: null, plain: true };
}
