import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { type RedshiftType, renderType } from '../../core/redshift-type.ts';
import type { ProcedureArgument, ProcedureSignature } from '../../db/procedures.ts';
import { isConditionValue, renderText, renderValue } from '../../sql/select-value.ts';
import { Sql, sql } from '../../sql/sql.ts';
import { typeFromName } from '../../types/parse-type.ts';
import type { ConditionValue } from '../read/read-spec.ts';
import type { CallArgument } from './call-spec.ts';

/** An argument as it was given, its type understood. */
export interface GivenArgument {
  readonly value: ConditionValue | null;
  readonly type?: RedshiftType;
}

/** Checks what a form may have given. Throws RS_CONFIG_INVALID. */
export function readArguments(given: readonly CallArgument[]): readonly GivenArgument[] {
  if (!Array.isArray(given)) throw invalidField('arguments', 'The arguments are no list', 'Give a list of values.');
  return given.map((argument: CallArgument, index): GivenArgument => {
    const path = `arguments[${index}]`;
    const { value, type: name } =
      typeof argument === 'object' && argument !== null ? argument : { value: argument, type: undefined };
    if (value !== null && !isConditionValue(value)) {
      throw invalidField(path, 'The argument is no literal', 'Give text, a number, true or false, or null.');
    }
    if (name === undefined) return { value };
    const type = typeFromName(name);
    if (type.kind !== 'unsupported' || type.name === 'refcursor') return { value, type };
    throw invalidField(`${path}.type`, 'There is no such type', 'Name a type of Redshift, such as DECIMAL(18,2).');
  });
}

/**
 * The one procedure that takes these arguments. Throws RS_CONFIG_OBJECT_MISSING for none, RS_CONFIG_INVALID for several,
 * with the signatures that there are.
 */
export function chooseSignature(
  name: string,
  signatures: readonly ProcedureSignature[],
  given: readonly GivenArgument[],
): ProcedureSignature {
  const fitting = signatures.filter((signature) => {
    const inputs = inputsOf(signature);
    return inputs.length === given.length && inputs.every((input, index) => fits(input, given[index]));
  });
  const [only, another] = fitting;
  const known = signatures.map((signature) => renderSignature(name, signature)).join('; ');
  if (only === undefined) {
    const message = `No procedure ${JSON.stringify(name)} that the user may see takes these ${given.length} arguments`;
    throw new ConnectorError('RS_CONFIG_OBJECT_MISSING', message, {
      action: known === '' ? 'Check the name and the schema.' : `There is ${known}.`,
      details: { procedure: name, arguments: given.length },
    });
  }
  if (another === undefined) return only;
  const message = `Several procedures ${JSON.stringify(name)} take these arguments`;
  throw invalidField('arguments', message, `Say the type of each argument; there is ${known}.`);
}

export function inputsOf(signature: ProcedureSignature): readonly ProcedureArgument[] {
  return signature.arguments.filter(({ mode }) => mode !== 'out');
}

function fits({ type }: ProcedureArgument, given: GivenArgument | undefined): boolean {
  if (given?.type !== undefined) {
    const isSame = given.type.kind === type.kind;
    return given.type.kind === 'unsupported' && type.kind === 'unsupported' ? given.type.name === type.name : isSame;
  }
  const { value = null } = given ?? {};
  if (value === null) return true;
  if (typeof value === 'boolean') return type.kind === 'boolean';
  const isNumber = typeof value !== 'string' || /^\s*[-+]?[\d.]+(?:e[-+]?\d+)?\s*$/i.test(value);
  if (NUMERIC.has(type.kind)) return isNumber;
  return typeof value === 'string' && type.kind !== 'boolean';
}

const NUMERIC: ReadonlySet<RedshiftType['kind']> = new Set([
  'smallint',
  'integer',
  'bigint',
  'decimal',
  'real',
  'double',
]);

/** A value in the type of its argument, of no length or precision that would cut it. Throws RS_CONFIG_INVALID. */
export function renderArgument({ value, type: own }: GivenArgument, { type }: ProcedureArgument, path: string): Sql {
  const wanted = own ?? type;
  if (wanted.kind === 'unsupported')
    return isCursor(wanted) ? cursorName(value, path) : sql`${renderText(String(value))}`;
  const rendered = value === null ? sql`NULL` : renderValue(value);
  if (wanted.kind === 'decimal' && wanted.precision === undefined) return openDecimal(value, path);
  if (wanted.kind === 'char' && own === undefined) {
    return sql`CAST(${rendered} AS CHAR(${Sql.trusted(String(Math.max(1, Buffer.byteLength(String(value ?? '')))))}))`;
  }
  return sql`CAST(${rendered} AS ${Sql.trusted(renderType(wanted))})`;
}

/** A bare number: as DECIMAL, which is DECIMAL(18,0), it would lose its fraction. */
function openDecimal(value: ConditionValue | null, path: string): Sql {
  if (value === null) return sql`CAST(NULL AS DECIMAL(38,0))`;
  const text = String(value);
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Sql.trusted(text.startsWith('-') ? `(${text})` : text);
  throw invalidField(path, 'The argument is no decimal number', 'Give digits, with a point if need be.');
}

export function isCursor(type: RedshiftType): boolean {
  return type.kind === 'unsupported' && type.name === 'refcursor';
}

/** The cursor gets a name of our own where none is given. */
function cursorName(value: ConditionValue | null, path: string): Sql {
  const name = value === null ? `roleshift_${path.replace(/\D/g, '')}` : String(value);
  if (/^[a-z_]\w*$/i.test(name)) return renderText(name);
  throw invalidField(path, 'The name of a cursor is no word', 'Use letters, digits and underscores.');
}

function renderSignature(name: string, signature: ProcedureSignature): string {
  const parts = signature.arguments.map(({ name: own, mode, type }) =>
    [mode === 'in' ? '' : mode.toUpperCase(), own, renderType(type)].filter((part) => part !== '').join(' '),
  );
  return `${name}(${parts.join(', ')})`;
}
