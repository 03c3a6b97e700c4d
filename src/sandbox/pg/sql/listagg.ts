import { RedshiftError } from '../backend-session.ts';
import { isWord, splitAtCommas, TokenCursor } from './cursor.ts';
import type { Edits } from './edits.ts';
import type { Token } from './tokens.ts';

/**
 * `LISTAGG([DISTINCT] x [, delimiter]) [WITHIN GROUP (ORDER BY y)]`, noted as a call of the catalog's aggregate of that name:
 * `listagg(x::varchar, delimiter ORDER BY y)`. `index` is the word's place.
 */
export function rewriteListagg(tokens: readonly Token[], index: number, edits: Edits): void {
  const cursor = new TokenCursor(tokens, index + 1);
  const [value, delimiter] = splitAtCommas(cursor.takeGroup());
  const close = tokens[cursor.position - 1];
  const [first, last] = [value?.[0], value?.at(-1)];
  if (!close || !first || !last) return;
  const distinct = isWord(first, 'distinct');
  const start = distinct ? (value?.[1]?.start ?? first.start) : first.start;
  edits.insert(start, '(');
  edits.insert(last.end, delimiter ? ')::varchar' : ")::varchar, ''");
  if (!cursor.take('within', 'group')) return;
  // The bracket that closed the arguments goes, and so does the one that opened the group.
  const open = cursor.peek();
  if (open?.value !== '(') return;
  edits.replace(close.start, open.end, ' ');
  cursor.takeGroup();
  if (cursor.sees('over')) {
    throw new RedshiftError({
      code: '0A000',
      message: 'LISTAGG ... WITHIN GROUP ... OVER is not covered by the sandbox',
    });
  }
}
