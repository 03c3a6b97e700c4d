import { invalidField } from '../../core/invalid-field.ts';
import { renderType } from '../../core/redshift-type.ts';
import { isConditionValue, renderValue } from '../../sql/select-value.ts';
import { identifier, join, nameProblem, Sql, sql } from '../../sql/sql.ts';
import { typeFromName } from '../../types/parse-type.ts';
import { type ConditionValue, isReadParameterObject, type ReadParameter } from './read-spec.ts';

const NAME = /^[A-Za-z_]\w*$/;

/** What each parameter stands for, as SQL. Pure. Throws RS_CONFIG_INVALID naming the parameter. */
export function renderParameters(
  parameters: Readonly<Record<string, ReadParameter>> | undefined,
): ReadonlyMap<string, Sql> {
  return new Map(
    Object.entries(parameters ?? {}).map(([name, parameter]) => {
      const path = `parameters.${name}`;
      if (!NAME.test(name)) {
        throw invalidField(path, 'The name of a parameter is no word', 'Use letters, digits and underscores.');
      }
      return [name, renderParameter(parameter, path)];
    }),
  );
}

function renderParameter(parameter: ReadParameter, path: string): Sql {
  if (!isReadParameterObject(parameter)) return renderLiteral(parameter, undefined, path);
  switch (parameter.kind) {
    case undefined:
    case 'literal':
      return renderLiteral(parameter.value, parameter.type, path);
    case 'identifier':
      return renderName(parameter.value, path);
    case 'sql':
      if (typeof parameter.value === 'string') return Sql.user(parameter.value);
      throw invalidField(path, 'A parameter of kind sql holds no text', 'Give SQL as text.');
  }
  parameter satisfies never;
  throw invalidField(`${path}.kind`, 'There is no such kind of parameter', 'Choose literal, identifier or sql.');
}

function renderName(value: string | readonly string[], path: string): Sql {
  const [first, ...rest] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
  if (first === undefined || [first, ...rest].some((part) => typeof part !== 'string' || nameProblem(part))) {
    throw invalidField(path, 'The parameter is no name that Redshift can have', 'Give a name, or its parts as a list.');
  }
  return identifier(first, ...rest);
}

function renderLiteral(
  value: ConditionValue | null | readonly ConditionValue[],
  typeName: string | undefined,
  path: string,
): Sql {
  const cast = typeName === undefined ? undefined : typeOf(typeName, `${path}.type`);
  const one = (each: unknown): Sql => {
    const plain = each === null ? sql`NULL` : renderValue(scalarOf(each, path));
    return cast === undefined ? plain : sql`CAST(${plain} AS ${cast})`;
  };
  if (!Array.isArray(value)) return one(value);
  if (value.length === 0) throw invalidField(path, 'The list of a parameter is empty', 'Give one value at least.');
  return join(value.map(one));
}

function scalarOf(value: unknown, path: string): ConditionValue {
  if (isConditionValue(value)) return value;
  throw invalidField(path, 'The value of a parameter is no literal', 'Give text, a number, true or false, or null.');
}

/** Rendered anew from what was understood: no text of a form becomes part of a statement. */
export function typeOf(name: string, path: string): Sql {
  const type = typeFromName(name);
  if (type.kind === 'unsupported') {
    throw invalidField(path, 'There is no such type', 'Name a type of Redshift, such as INTEGER or VARCHAR(20).');
  }
  return Sql.trusted(renderType(type));
}
