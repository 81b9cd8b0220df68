import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import { syntheticPage } from '../../../bench/page.ts';
import { eventId } from '../../../src/event.ts';
import { type CutPage, cutPage } from '../../../src/okta/page/event-slices.ts';

const FIELDS = ['uuid', 'eventType', 'published'] as const;

function cut(text: string): CutPage {
  return cutPage(Buffer.from(text));
}

function rawTexts(page: CutPage): string[] {
  return page.events.map((event) => event.raw.toString());
}

/** What JSON.parse makes of the body: its elements if it is an array of objects and UTF-8, else undefined. */
function oracle(body: Buffer): Record<string, unknown>[] | undefined {
  try {
    const page: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (!Array.isArray(page)) return undefined;
    const isObject = (element: unknown) =>
      typeof element === 'object' && element !== null && !Array.isArray(element);
    return page.every(isObject) ? page : undefined;
  } catch {
    return undefined;
  }
}

/** Holds what is true of every page, good or bad, against JSON.parse. */
function assertAgrees(body: Buffer): CutPage {
  const page = cutPage(body);
  const expected = oracle(body);
  const hint = JSON.stringify(body.toString('latin1', 0, 1_000));
  assert.equal(page.fault === undefined, expected !== undefined, hint);
  if (expected !== undefined) assert.equal(page.events.length, expected.length, hint);
  let from = 0;
  page.events.forEach((event) => {
    assert.equal(event.raw.buffer, body.buffer, 'raw is a view, not a copy');
    const start = event.raw.byteOffset - body.byteOffset;
    assert.match(body.toString('latin1', from, start), /^(\xef\xbb\xbf)?[\s[,]*$/, hint);
    from = start + event.raw.length;
    // Not compared with `expected[index]`: what stands between them says that it is the same text, and V8 of Node 24
    // and later reads of a key that stands twice sometimes the first value (a number), sometimes the last.
    const element: Record<string, unknown> = JSON.parse(event.raw.toString());
    for (const field of FIELDS) {
      const value = Object.hasOwn(element, field) ? element[field] : undefined;
      assert.equal(event[field], typeof value === 'string' ? value : undefined, hint);
      assert.equal(Object.hasOwn(event, field), typeof value === 'string', hint);
    }
    assert.equal(event.id, eventId(event.uuid, event.raw));
  });
  if (page.fault !== undefined) assertFaultIsPlaced(body, page.fault, from);
  return page;
}

function assertFaultIsPlaced(
  body: Buffer,
  fault: NonNullable<CutPage['fault']>,
  cutTo: number,
): void {
  const restStart = body.length - fault.rest.length;
  assert.ok(fault.rest.equals(body.subarray(restStart)));
  assert.ok(cutTo <= restStart && restStart <= fault.at && fault.at <= body.length);
  // what is neither an event nor in the rest holds nothing but punctuation
  assert.match(body.toString('latin1', cutTo, restStart), /^(\xef\xbb\xbf)?[\s[\],]*$/);
  assert.match(fault.why, new RegExp(`^[a-zA-Z0-9, -]+, at byte ${fault.at}$`));
}

describe('a page that is valid', () => {
  const texts: readonly (readonly [element: string, why: string])[] = [
    ['{}', 'empty object'],
    ['{"a":39.0}', 'a fraction of zero'],
    ['{"a":1e21,"b":-0,"c":0.10,"d":1E+2,"e":1e-2}', 'numbers of every form'],
    ['{"a":12345678901234567890}', 'an integer of 20 digits'],
    ['{"a":"\\u0026"}', 'an escape that need not be one'],
    ['{"a":"\\ud800","b":"\\udc00\\ud800"}', 'lone surrogates as escapes'],
    ['{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\uABcd"}', 'every escape'],
    ['{"a":"\u007f\u0080\u2028\u{1f600}\u{10ffff}"}', 'UTF-8 of every length'],
    ['{"a":[[],{},[{}],[1,"]",{"b":"}"}]],"c":null,"d":true,"e":false}', 'nesting'],
    ['{ "a"\t:\r\n[ 1 , 2 ] , "b" : { } }', 'white space everywhere'],
    ['{"a":1,"a":2,"":3,"__proto__":4}', 'odd keys'],
    ['{"a":"[{\\"uuid\\":\\"x\\"}]"}', 'JSON in a string'],
  ];
  for (const [element, why] of texts) {
    test(`keeps every byte of ${why}`, () => {
      const page = assertAgrees(Buffer.from(`[${element},${element}]`));

      assert.deepEqual(rawTexts(page), [element, element]);
    });
  }

  for (const text of ['[]', ' [ ] ', '\ufeff[]', '\ufeff \r\n\t[ {"a":1} , {} ]\n']) {
    test(`may be ${JSON.stringify(text)}`, () => {
      assert.equal(assertAgrees(Buffer.from(text)).fault, undefined);
    });
  }

  test('may be nested a million levels deep', () => {
    const deep = `{"a":${'['.repeat(1e6)}${']'.repeat(1e6)},"uuid":"u"}`;
    const mixed = `{"a":${'{"b":['.repeat(5e5)}1${']}'.repeat(5e5)}}`;

    const page = cut(`[${deep},${mixed}]`);

    assert.equal(page.fault, undefined);
    assert.equal(page.events[0]?.uuid, 'u');
    assert.deepEqual(rawTexts(page), [deep, mixed]);
    assert.equal(cut(`[{"a":${'['.repeat(1e6)}`).fault?.at, 6 + 1e6);
  });

  test('is cut where it stands in a larger buffer', () => {
    const around = Buffer.from('xx[{"uuid":"a"}]yy');

    const page = assertAgrees(around.subarray(2, -2));

    assert.deepEqual(rawTexts(page), ['{"uuid":"a"}']);
  });

  test('of a thousand events gives each of them its fields', () => {
    const body = syntheticPage(1_000);

    const page = assertAgrees(body);

    assert.equal(page.events.length, 1_000);
    assert.ok(page.events.every((event) => event.id === event.uuid && event.eventType));
  });
});

describe('the fields of an event', () => {
  const cases: readonly (readonly [element: string, uuid: string | undefined, why: string])[] = [
    ['{"uuid":"a"}', 'a', 'as they stand'],
    ['{"\\u0075uid":"a"}', 'a', 'by a key that is escaped'],
    ['{"\\u0075\\u0075\\u0069\\u0064":"a"}', 'a', 'by a key that is escaped throughout'],
    ['{"\\\\uuid":"a"}', undefined, 'not by a key that holds a backslash'],
    ['{"x":"\\n","uuid":"a","y":"\\n"}', 'a', 'between values with escapes'],
    ['{"uuid":"a","uuid":"b"}', 'b', 'from the last of duplicate keys'],
    ['{"uuid":"a","uu\\u0069d":"b"}', 'b', 'from the last of keys that differ in escapes'],
    ['{"uuid":"a","uuid":null}', undefined, 'from the last of duplicate keys, a null'],
    ['{"uuid":{"uuid":"x"}}', undefined, 'not from an object'],
    ['{"uuid":["x"]}', undefined, 'not from an array'],
    ['{"uuid":7}', undefined, 'not from a number'],
    ['{"a":{"uuid":"x"},"b":[{"uuid":"y"}]}', undefined, 'not from deeper'],
    ['{"a":{"uuid":"x"},"uuid":"a","b":{"uuid":"y"}}', 'a', 'past decoys that stand deeper'],
    ['{"a":"uuid","b":"\\"uuid\\":\\"x\\""}', undefined, 'not from values'],
    ['{"uuid":""}', '', 'when they are empty'],
    ['{"UUID":"x","uuid ":"x","uui":"x","uuidd":"x"}', undefined, 'not by keys that are like it'],
    ['{"uuid":"\\u00e9\\n\\ud83d\\ude00é😀"}', 'é\n😀é😀', 'with escapes decoded'],
    ['{"uuid":"\\ud800"}', '\ud800', 'with a lone surrogate'],
    ['{"uuid" : "a" }', 'a', 'with white space around'],
    [`{"uuid":"${'long'.repeat(50_000)}"}`, 'long'.repeat(50_000), 'when they are long'],
    [`{"uuid":"${'\\u006c'.repeat(50_000)}"}`, 'l'.repeat(50_000), 'when they are long escapes'],
  ];
  for (const [element, uuid, why] of cases) {
    test(`are read ${why}`, () => {
      const page = assertAgrees(Buffer.from(`[{"uuid":"before"},${element},{}]`));

      assert.equal(page.events[1]?.uuid, uuid);
      assert.equal(page.events[2]?.uuid, undefined);
    });
  }

  test('give the event its id, or its bytes do', () => {
    const page = cut('[{"uuid":"safe-id_1"},{"uuid":"not safe\\n"},{}]');

    assert.equal(page.events[0]?.id, 'safe-id_1');
    assert.match(page.events[1]?.id ?? '', /^sha256-/);
    assert.match(page.events[2]?.id ?? '', /^sha256-/);
  });
});

describe('a page that is not valid', () => {
  /** `|` marks where the rest must begin and `^` the byte that is wrong; they are taken out. */
  const pages: readonly (readonly [marked: string, why: string])[] = [
    ['|^', 'nothing'],
    ['|  ^', 'white space'],
    ['|^<html></html>', 'HTML'],
    ['|^{"errorCode":"E0000011"}', 'an object'],
    ['|^null', 'a literal'],
    ['|\ufeff^\ufeff[]', 'two byte order marks'],
    ['|\ufeff ^{}', 'an object after a byte order mark'],
    ['[|^', 'an array that is not closed'],
    ['[|^,{}]', 'a comma first'],
    ['[{},|^]', 'a comma last'],
    ['[{},|^,{}]', 'two commas'],
    ['[{}|^{}]', 'no comma between elements'],
    ['[{}|^', 'nothing after an element'],
    ['[{},|^', 'nothing after a comma'],
    ['[{}]|^]', 'a bracket after the end'],
    ['[{}] |^[]', 'an array after the end'],
    ['[{}]|^\0', 'a zero byte after the end'],
    ['[{}|^}', 'a brace for a bracket'],
    ['[{"a":1},|^1,{}]', 'a number for an element'],
    ['[{"a":1},|^null]', 'a null for an element'],
    ['[{"a":1},|^"x"]', 'a string for an element'],
    ['[{"a":1},|^[{}],{}]', 'an array for an element'],
    ['[{"a":1},|{^]', 'an object that is not closed'],
    ['[{"a":1},|{"a":1^]', 'an object closed by a bracket'],
    ['[{"a":1},|{"a":[1^}]', 'an array closed by a brace'],
    ['[{"a":1},|{"a":{"b":1^]', 'a nested object closed by a bracket'],
    ['[|{"a":1,^}]', 'a comma last in an object'],
    ['[|{"a":{"b":1,^}}]', 'a comma last in a nested object'],
    ['[|{"a":[1,^]}]', 'a comma last in a nested array'],
    ['[|{"a":[^,1]}]', 'a comma first in a nested array'],
    ['[|{^,"a":1}]', 'a comma first in an object'],
    ['[|{^a:1}]', 'a bare key'],
    ["[|{^'a':1}]", 'single quotes'],
    ['[|{^1:1}]', 'a number for a key'],
    ['[|{"a"^}]', 'a key alone'],
    ['[|{"a" ^1}]', 'no colon'],
    ['[|{"a":^}]', 'no value'],
    ['[|{"a":1 ^"b":2}]', 'no comma between members'],
    ['[|{"a":[1 ^2]}]', 'no comma between nested values'],
    ['[|{"a":[{} ^{}]}]', 'no comma between nested objects'],
    ['[|{"a":0^1}]', '01'],
    ['[|{"a":-0^1}]', '-01'],
    ['[|{"a":1.^}]', '1.'],
    ['[|{"a":1.^e5}]', '1.e5'],
    ['[|{"a":^+1}]', '+1'],
    ['[|{"a":-^}]', '-'],
    ['[|{"a":^.5}]', '.5'],
    ['[|{"a":-^.5}]', '-.5'],
    ['[|{"a":1e^}]', '1e'],
    ['[|{"a":1e+^}]', '1e+'],
    ['[|{"a":1^x}]', '1x'],
    ['[|{"a":0^x1}]', '0x1'],
    ['[|{"a":^NaN}]', 'NaN'],
    ['[|{"a":^Infinity}]', 'Infinity'],
    ['[|{"a":-^Infinity}]', '-Infinity'],
    ['[|{"a":^undefined}]', 'undefined'],
    ['[|{"a":tru^}]', 'tru'],
    ['[|{"a":t^RUE}]', 'tRUE'],
    ['[|{"a":true^r}]', 'truer'],
    ['[|{"a":nul^}]', 'nul'],
    ['[|{"a":"\\^x41"}]', '\\x41'],
    ['[|{"a":"\\^\'"}]', "\\'"],
    ['[|{"a":"\\u12^g4"}]', '\\u12g4'],
    ['[|{"a":"\\u123^"}]', '\\u123'],
    ['[|{"a":"\\^U0041"}]', '\\U0041'],
    ['[|{"\\^q":1}]', 'a bad escape in a key'],
    ['[|{"a":"^\n"}]', 'a line feed in a string'],
    ['[|{"a":"^\t"}]', 'a tab in a string'],
    ['[|{"a":"^\0"}]', 'a zero byte in a string'],
    ['[|{"a":"^\u001f"}]', 'a control character in a string'],
    ['[|{"^\r":1}]', 'a control character in a key'],
    ['[{"a":1}|^', 'no end'],
    ['[|{"a":"b^', 'no end of a string'],
    ['[|{"a":"b\\^', 'no end of an escape'],
    ['[|{"a":"\\u00^', 'no end of a Unicode escape'],
    ['[{}|^/* */]', 'a comment'],
    ['[{}|^\u00a0]', 'a no-break space'],
    ['[{}|^\v]', 'a vertical tab'],
    ['[{}|^\ufeff]', 'a byte order mark inside'],
  ];
  for (const [marked, why] of pages) {
    test(`is refused: ${why}`, () => {
      const body = Buffer.from(marked.replace('|', '').replace('^', ''));
      const restStart = Buffer.byteLength(marked.replace('^', '').split('|')[0]!);
      const at = Buffer.byteLength(marked.replace('|', '').split('^')[0]!);

      const page = assertAgrees(body);

      assert.equal(page.fault?.at, at);
      assert.deepEqual(page.fault.rest, body.subarray(restStart));
    });
  }

  const sequences: readonly (readonly [bytes: number[], why: string])[] = [
    [[0x80], 'a continuation byte alone'],
    [[0xff], 'a byte that UTF-8 does not have'],
    [[0xc0, 0xaf], 'an overlong slash'],
    [[0xc1, 0xbf], 'an overlong byte'],
    [[0xe0, 0x80, 0xaf], 'an overlong sequence of three'],
    [[0xf0, 0x80, 0x80, 0xaf], 'an overlong sequence of four'],
    [[0xed, 0xa0, 0x80], 'a surrogate'],
    [[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], 'a pair of surrogates'],
    [[0xf4, 0x90, 0x80, 0x80], 'a code point past the last'],
    [[0xf8, 0x88, 0x80, 0x80, 0x80], 'a sequence of five'],
    [[0xc3], 'a sequence of two cut short'],
    [[0xe2, 0x82], 'a sequence of three cut short'],
    [[0xf0, 0x9f, 0x98], 'a sequence of four cut short'],
  ];
  for (const [bytes, why] of sequences) {
    test(`is refused where it is not UTF-8: ${why}`, () => {
      const before = Buffer.from('[{"a":"ࠀé€é😀é"},{"uuid":"é');
      const bad = Buffer.from(bytes);
      assert.equal(isUtf8(bad), false);

      for (const after of ['"}]', '', '"},{}]']) {
        const { events, fault } = assertAgrees(Buffer.concat([before, bad, Buffer.from(after)]));

        assert.equal(events.length, 1);
        assert.equal(fault?.at, before.length);
        assert.equal(fault.why, `this is not UTF-8, at byte ${before.length}`);
      }
    });
  }

  test('is refused for what comes first when it is also not UTF-8', () => {
    const body = Buffer.concat([Buffer.from('[{"a":01},{"b":"'), Buffer.from([0xff])]);

    assert.equal(assertAgrees(body).fault?.at, 7);
  });

  test('is refused for a byte that is not UTF-8 behind its end', () => {
    const { events, fault } = assertAgrees(Buffer.from('[{}] \xff', 'latin1'));

    assert.equal(events.length, 1);
    assert.deepEqual([fault?.at, fault?.rest], [5, Buffer.from([0xff])]);
  });

  test('never has its own text in the reason', () => {
    const { fault } = cut('[{"secret":"5up3r","a":5up3r}]');

    assert.equal(fault?.why, 'a comma or the end of the object was expected, at byte 24');
  });
});

test('a page cut short anywhere keeps the events whose closing brace came', () => {
  const elements = [
    '{"uuid":"a","x":[1,{"uuid":"é"}],"y":-1.5e3}',
    '{}',
    '{"eventType":"t\\u00e9","z":{"w":[true,false,null]}}',
  ];
  const body = Buffer.from(`\ufeff [ ${elements.join(' ,\n')} ] `);
  const ends = elements.map((element) => body.indexOf(element) + Buffer.byteLength(element));

  for (let length = 0; length <= body.length; length++) {
    const page = assertAgrees(body.subarray(0, length));

    const whole = elements.filter((_, index) => ends[index]! <= length);
    assert.deepEqual(rawTexts(page), whole, `cut at ${length}`);
    assert.equal(page.fault === undefined, length >= body.lastIndexOf(']') + 1);
  }
});

describe('any page', () => {
  const SEEDS = 6_000;

  test('with events made at random is cut as JSON.parse reads it', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomFrom(seed);
      const elements = Array.from({ length: random(4) }, () => objectText(random, 0));
      const body = Buffer.from(
        `${space(random)}[${space(random)}${elements.join(`${space(random)},${space(random)}`)}]`,
      );

      const page = assertAgrees(body);

      assert.equal(page.fault, undefined, `seed ${seed}`);
      assert.deepEqual(rawTexts(page), elements, `seed ${seed}`);
    }
  });

  test('with bytes changed, left out or put in is judged as JSON.parse judges it', () => {
    let faults = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomFrom(seed);
      const elements = Array.from({ length: 1 + random(3) }, () => objectText(random, 0));
      let body: Buffer = Buffer.from(`[${elements.join(',')}]`);
      for (let change = 0; change < 8; change++) {
        const mutant = mutated(random, body);
        if (assertAgrees(mutant).fault === undefined) body = mutant;
        else faults++;
      }
    }

    assert.ok(faults > SEEDS && faults < SEEDS * 8, `${faults} faults`);
  });

  test('of noise never throws', () => {
    const alphabet = Buffer.from('[]{}",:\\ue10.-+tfn \n\xc3\xa9\xff\0', 'latin1');
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomFrom(seed);
      const noise = Array.from({ length: random(24) }, () => alphabet[random(alphabet.length)]!);

      assertAgrees(Buffer.from([...Buffer.from('[{"a":'), ...noise]));
      assertAgrees(Buffer.from(noise));
    }
  });
});

/** Gives whole numbers below its argument; the same seed gives the same numbers (mulberry32). */
type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function pick(random: Random, choices: readonly string[]): string {
  return choices[random(choices.length)]!;
}

function space(random: Random): string {
  return random(4) > 0 ? '' : pick(random, [' ', '\n', '\t', '\r\n', '   ']);
}

function stringText(random: Random): string {
  const pieces = [
    'a',
    'uuid',
    'é',
    '\u{1f600}',
    '\\n',
    '\\"',
    '\\\\',
    '\\u0041',
    '\\ud800',
    '\\/',
    '}',
  ];
  return `"${Array.from({ length: random(5) }, () => pick(random, pieces)).join('')}"`;
}

function keyText(random: Random): string {
  const keys = ['"uuid"', '"eventType"', '"published"', '"\\u0075uid"', '"event\\u0054ype"'];
  return random(2) === 0 ? pick(random, keys) : stringText(random);
}

function valueText(random: Random, depth: number): string {
  const kind = random(depth > 3 ? 4 : 6);
  if (kind < 2) return stringText(random);
  if (kind === 2)
    return pick(random, ['0', '-0', '39.0', '1e21', '12345678901234567890', '-1.5E-3']);
  if (kind === 3) return pick(random, ['true', 'false', 'null']);
  if (kind === 4) return objectText(random, depth + 1);
  const values = Array.from({ length: random(4) }, () => valueText(random, depth + 1));
  return `[${space(random)}${values.join(`${space(random)},`)}${values.length > 0 ? space(random) : ''}]`;
}

function objectText(random: Random, depth: number): string {
  const members = Array.from(
    { length: random(5) },
    () => `${keyText(random)}${space(random)}:${space(random)}${valueText(random, depth)}`,
  );
  return `{${space(random)}${members.join(`,${space(random)}`)}${space(random)}}`;
}

function mutated(random: Random, body: Buffer): Buffer {
  const at = random(body.length);
  const likely = Buffer.from('[]{}",:\\0123456789eE.-+ utfn\n\t');
  const byte = random(2) === 0 ? likely[random(likely.length)]! : random(256);
  const kind = random(4);
  if (kind === 0) return Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + random(3))]);
  if (kind === 1)
    return Buffer.concat([body.subarray(0, at), Buffer.from([byte]), body.subarray(at)]);
  const copy = Buffer.from(body);
  copy[at] = kind === 2 ? byte : copy[at]! ^ (1 << random(8));
  return copy;
}
