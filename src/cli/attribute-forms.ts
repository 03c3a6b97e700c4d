/** How an attribute of an operation is given on the command line: by a flag, in its place, or from a program only. */
export type AttributeForm =
  | { readonly kind: 'flag'; readonly flag: string; readonly short?: string }
  | { readonly kind: 'operand' }
  | { readonly kind: 'programOnly' };

const SHORT: Readonly<Record<string, string>> = { limit: '-n', query: '-q' };
const OPERANDS: readonly string[] = ['object', 'schema'];
/** A size of batches says nothing to who reads lines. */
const PROGRAM_ONLY: readonly string[] = ['read.batchRows'];

/** The form of one attribute. A flag is the attribute's own name: `orderBy` is `--order-by`. */
export function attributeForm(operation: string, key: string): AttributeForm {
  if (OPERANDS.includes(key) || `${operation}.${key}` === 'call.procedure') return { kind: 'operand' };
  if (PROGRAM_ONLY.includes(`${operation}.${key}`)) return { kind: 'programOnly' };
  const flag = `--${key.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
  const short = SHORT[key];
  return short === undefined ? { kind: 'flag', flag } : { kind: 'flag', flag, short };
}
