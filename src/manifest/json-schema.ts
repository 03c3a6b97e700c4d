import { alternatives } from './conditions.ts';
import type {
  Condition,
  Conditions,
  ItemDescriptor,
  ItemPropertyDescriptor,
  Manifest,
  OptionDescriptor,
} from './descriptor.ts';

/** A JSON Schema as data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

type Properties = Readonly<Record<string, OptionDescriptor>>;

/**
 * The JSON Schema of a connection, by which any form renderer can draw it: titles, help, choices with titles, and
 * `if`/`then` for options that appear or become required. Draft-07, the dialect that renderers understand unconfigured.
 * What no schema can say (a Region told by the endpoint's name, host policies) is left to `resolveOptions`.
 */
export function renderConnectionSchema({ connection, displayName, version }: Manifest): JsonSchema {
  const { properties } = connection;
  const always = Object.entries(properties).filter(([, option]) => option.visibleWhen === undefined);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:roleshift:schema:connection:v1',
    title: `${displayName} connection`,
    $comment: `Generated from connector.json ${version} by tools/generate.ts.`,
    type: 'object',
    properties: Object.fromEntries(always.map(([key, option]) => [key, renderOption(option)])),
    required: always.filter(([, { required }]) => required).map(([key]) => key),
    allOf: [...visibilityRules(properties), ...requirementRules(properties)],
  };
}

function visibilityRules(properties: Properties): readonly JsonSchema[] {
  const hidden = Object.entries(properties).filter(([, { visibleWhen }]) => visibleWhen);
  return groupBy(hidden, ([, { visibleWhen }]) => visibleWhen ?? []).map(([conditions, options]) => {
    const required = options.filter(([, { requiredWhen }]) => isSame(requiredWhen, conditions)).map(([key]) => key);
    return {
      if: renderConditions(conditions, properties),
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, in data that nobody awaits
      then: {
        properties: Object.fromEntries(options.map(([key, option]) => [key, renderOption(option)])),
        ...(required.length > 0 ? { required } : {}),
      },
    };
  });
}

function requirementRules(properties: Properties): readonly JsonSchema[] {
  const demanded = Object.entries(properties).filter(
    ([, { requiredWhen, visibleWhen }]) => requiredWhen && !isSame(requiredWhen, visibleWhen),
  );
  return groupBy(demanded, ([, { requiredWhen }]) => requiredWhen ?? []).map(([conditions, options]) => ({
    if: renderConditions(conditions, properties),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, in data that nobody awaits
    then: { required: options.map(([key]) => key) },
  }));
}

function renderConditions(conditions: Conditions, properties: Properties): JsonSchema {
  const rendered = alternatives(conditions).map((condition) => renderCondition(condition, properties));
  const [only] = rendered;
  return only && rendered.length === 1 ? only : { anyOf: rendered };
}

/**
 * A key whose default is accepted is not required: an untouched box counts as its default. "Not given" (null) accepts an
 * empty value, and is not required either.
 */
function renderCondition(condition: Condition, properties: Properties): JsonSchema {
  const entries = Object.entries(condition);
  const required = entries
    .filter(([key, accepted]) => !accepted.some((value) => value === null || value === properties[key]?.default))
    .map(([key]) => key);
  return {
    properties: Object.fromEntries(
      entries.map(([key, accepted]) => {
        const values = accepted.flatMap((value) => (value === null ? [null, ''] : [value]));
        return [key, values.length === 1 ? { const: values[0] } : { enum: values }];
      }),
    ),
    ...(required.length > 0 ? { required } : {}),
  };
}

function renderOption(option: OptionDescriptor): JsonSchema {
  const { type, title, description, unit, items, minimum, maximum, maxLength, examples } = option;
  return present({
    type,
    title,
    description: unit === undefined ? description : `${description} In ${unit}.`,
    ...(option.secret ? { format: 'password', writeOnly: true } : {}),
    oneOf: option.enum?.map((value, index) => ({ const: value, title: option.enumTitles?.[index] ?? value })),
    default: option.default,
    minimum,
    maximum,
    maxLength,
    pattern: renderPattern(option),
    items: items && renderItem(items),
    uniqueItems: type === 'array' ? true : undefined,
    examples,
    'x-group': option.group,
    'x-order': option.order,
    'x-patternMessage': option.patternMessage,
    'x-multiline': option.multiline,
    'x-legacyLabel': option.legacyLabel,
  });
}

// A secret may be a reference, which need not look like the secret itself.
function renderPattern({ pattern, secret }: OptionDescriptor): string | undefined {
  return pattern !== undefined && secret ? `^\\$\\{[a-z][a-z0-9+.-]*:[^}]+\\}$|${pattern}` : pattern;
}

function renderItem({ type, title, pattern, patternMessage, properties }: ItemDescriptor): JsonSchema {
  if (type === 'string') return present({ type, title, pattern, 'x-patternMessage': patternMessage });
  const fields = Object.entries(properties ?? {});
  return {
    type,
    title,
    properties: Object.fromEntries(fields.map(([key, field]) => [key, renderField(field)])),
    required: fields.filter(([, field]) => field.required).map(([key]) => key),
    additionalProperties: false,
  };
}

function renderField(field: ItemPropertyDescriptor): JsonSchema {
  const { type, title, description } = field;
  switch (field.type) {
    case 'string':
      return { type, title, description, pattern: field.pattern, 'x-patternMessage': field.patternMessage };
    case 'integer':
      return { type, title, description, minimum: field.minimum, maximum: field.maximum };
    case 'boolean':
      return { type, title, description };
    case 'array':
      return { type, title, description, items: renderItem(field.items), uniqueItems: true };
  }
  return field satisfies never;
}

function present(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

function isSame(one: Conditions | undefined, other: Conditions | undefined): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

function groupBy<T>(
  list: readonly T[],
  conditionsOf: (element: T) => Conditions,
): readonly (readonly [Conditions, readonly T[]])[] {
  const groups = new Map<string, [Conditions, T[]]>();
  for (const element of list) {
    const conditions = conditionsOf(element);
    const key = JSON.stringify(conditions);
    const group = groups.get(key) ?? [conditions, []];
    group[1].push(element);
    groups.set(key, group);
  }
  return [...groups.values()];
}
