import fc from 'fast-check';

const MOST_BYTES = 127;

/** Names that read as something else: words of SQL, our own names, options, numbers, system columns' neighbours. */
const ODD_NAMES: readonly string[] = [
  ['select', 'table', 'order', 'user', 'tag', 'null', 'default', 'end', 'commit', 'explicit', 'snapshot', 'percent'],
  ['_row', '_change', 'roleshift_rank', 'facts', 'this_row', 'amount', 'last_row', 'run_id', 'ranked', 'repeated'],
  ['__proto__', 'constructor', 'toString', 'length', 'rows', 'fields', 'columns', '0', '17', '-1', 'NaN', 'undefined'],
  ['--verify', '-c', '@file', '$1', ':name', '?', '%s', '%', '*', '#', '{}', '[]', '()', '.', '..', 'a.b'],
  ['"', '""', "'", "''", '`', ';', '/*', '*/', '--', '\\', '\\n', '\\"', 'a"b', "a'b", 'a\\b', 'x; DROP TABLE y'],
  [' ', '  ', ' a', 'a ', 'a b', 'a\tb', 'a\nb', 'a,b', 'a|b', 'a=b', 'a/b', 'Upper', 'lower', 'MiXeD', 'ROW'],
  ['é', 'ñandú', 'ß', 'ı', '名前', '列1', '😀', '👩‍👧', 'שם', 'e\u0301', '\u00A0', '\u200B', 'x\uFEFF', 'x\u0001'],
  ['n'.repeat(MOST_BYTES), '"'.repeat(MOST_BYTES), 'é'.repeat(63), '漢'.repeat(42), 'a'.repeat(64), 'a'.repeat(63)],
].flat();

/** Columns that the server has in each table. */
const SYSTEM_COLUMNS = ['oid', 'tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'];

/** Capitals past ASCII are left out: whether a cluster folds those, no page tells. */
const LETTERS = Array.from('abcxyzABCXYZ0129_ .-"\'\\%$:;,/()é漢😀');

/** A name for a table or a column; no two that a cluster takes for one another are alike in `foldedName`. */
export const anyName: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ODD_NAMES) },
    { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 12 }) },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 20, maxLength: 127 }).map(cut) },
  )
  .filter((name) => !SYSTEM_COLUMNS.includes(foldedName(name)));

/** A name for a table: behind a # it would be a temporary one. */
export const tableName: fc.Arbitrary<string> = anyName.filter((name) => !name.startsWith('#'));

/** The name as a cluster keeps it that does not tell capitals apart. */
export function foldedName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function cut(name: string): string {
  let text = '';
  for (const character of name) {
    if (Buffer.byteLength(text + character) > MOST_BYTES) break;
    text += character;
  }
  return text;
}
