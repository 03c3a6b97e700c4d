import { invalidField } from '../../core/invalid-field.ts';
import { identifier, join, type Sql, sql } from '../../sql/sql.ts';
import type { UserText } from '../../sql/user-text.ts';
import { openColumns } from './read-columns.ts';
import { type ReadParameters, userCondition } from './read-condition.ts';
import { type ReadPath, resolveReadObject } from './read-object.ts';
import type { JoinedObject, ReadSpec } from './read-spec.ts';

/** One object of a source. */
export interface SourceObject extends ReadPath {
  /** Absent for one that is read alone. */
  readonly alias?: string;
  /** How it is joined to those before it; absent for the first one. */
  readonly join?: { readonly words: Sql; readonly condition: Sql | UserText };
}

interface JoinInit {
  readonly defaultSchema: string;
  readonly parameters: ReadParameters;
  /** Whether an object that is read alone needs an alias too. */
  readonly isAliased: boolean;
}

const WORDS = {
  inner: sql`INNER JOIN`,
  left: sql`LEFT JOIN`,
  right: sql`RIGHT JOIN`,
  full: sql`FULL JOIN`,
} as const;

/** Alias of an object that is read alone, where its columns get other names. */
const ALONE = 'roleshift_source';

/** The objects of a spec, each with its condition. Throws RS_CONFIG_INVALID. */
export function planJoins(
  { object, objects = [] }: Pick<ReadSpec, 'object' | 'objects'>,
  init: JoinInit,
): readonly [SourceObject, ...SourceObject[]] {
  if (object !== undefined) {
    const path = resolveReadObject(object, init.defaultSchema);
    return [init.isAliased ? { ...path, alias: ALONE } : path];
  }
  const planned: SourceObject[] = [];
  for (const [index, given] of objects.entries()) {
    const path = `objects[${index}]`;
    const own = resolveReadObject(given.object, init.defaultSchema, `${path}.object`);
    const alias = given.alias ?? own.path[1];
    if (planned.some((each) => each.alias === alias)) {
      throw invalidField(`${path}.alias`, `Two objects are called ${JSON.stringify(alias)}`, 'Give one another alias.');
    }
    planned.push({ ...own, alias });
    const last = planned.length - 1;
    if (index > 0) planned[last] = { ...own, alias, join: planJoin(given, planned, path, init.parameters) };
    else if (given.join !== undefined || given.on !== undefined || given.condition !== undefined) {
      throw invalidField(path, 'The first object is not joined to anything', 'Put the join beside the second one.');
    }
  }
  const [first, ...rest] = planned;
  if (first === undefined) throw invalidField('objects', 'Nothing to read is named', 'Name an object.');
  return [first, ...rest];
}

function planJoin(
  { join: kind = 'inner', on, condition }: JoinedObject,
  objects: readonly SourceObject[],
  path: string,
  parameters: ReadParameters,
): NonNullable<SourceObject['join']> {
  if (!Object.hasOwn(WORDS, kind)) {
    throw invalidField(`${path}.join`, 'There is no such join', 'Choose inner, left, right or full.');
  }
  if ((on === undefined) === (condition === undefined) || on?.length === 0) {
    throw invalidField(path, 'It is not said how the object is joined', 'Give either pairs of columns or a condition.');
  }
  const words = WORDS[kind];
  if (condition !== undefined) {
    return { words, condition: userCondition(condition, parameters, `${path}.condition`, `the condition of ${path}`) };
  }
  const names = openColumns(objects);
  const pairs = (on ?? []).map(({ left, right }, index) => {
    const at = `${path}.on[${index}]`;
    return sql`${names.column(left, at)} = ${names.column(right, at)}`;
  });
  return { words, condition: join(pairs, sql` AND `) };
}

/** The alias in SQL. */
export function aliasOf({ alias, path }: SourceObject): Sql {
  return identifier(alias ?? path[1]);
}
