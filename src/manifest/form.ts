import { deepFreeze } from './deep-freeze.ts';
import type { GroupDescriptor } from './descriptor.ts';
import { type JsonSchema, renderConnectionSchema } from './json-schema.ts';
import { MANIFEST } from './manifest.gen.ts';

/** A group of a form with the keys of its options, in order. */
export interface FormGroup extends GroupDescriptor {
  readonly options: readonly string[];
}

/** How a host draws the connection form. */
export interface FormDescription {
  /** JSON Schema of a connection; the published `schemas/connection.v1.json`. */
  readonly schema: JsonSchema;
  readonly groups: readonly FormGroup[];
  /** Keys of all options, in the order in which a form shows them. */
  readonly order: readonly string[];
}

let description: FormDescription | undefined;

/** The connection form: schema, groups and order. Frozen. */
export function formDescription(): FormDescription {
  description ??= describe();
  return description;
}

function describe(): FormDescription {
  const { groups, properties } = MANIFEST.connection;
  const listed = groups.map((group) => ({
    ...group,
    options: Object.entries(properties)
      .filter(([, option]) => option.group === group.id)
      .toSorted(([, one], [, other]) => one.order - other.order)
      .map(([key]) => key),
  }));
  return deepFreeze({
    schema: renderConnectionSchema(MANIFEST),
    groups: listed,
    order: listed.flatMap(({ options }) => options),
  });
}
