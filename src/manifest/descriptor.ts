/** A value that an option can have before it is resolved; null in a condition stands for "not given". */
export type ConditionValue = string | number | boolean | null;

/** Holds when every named option has one of the listed values, defaults applied. */
export type Condition = Readonly<Record<string, readonly ConditionValue[]>>;

/** One condition, or several of which one must hold. */
export type Conditions = Condition | readonly Condition[];

/** What one element of an array option must be. */
export interface ItemDescriptor {
  readonly type: 'string' | 'object';
  readonly title: string;
  readonly pattern?: string;
  readonly patternMessage?: string;
  /** Only for objects. */
  readonly properties?: Readonly<Record<string, ItemPropertyDescriptor>>;
}

/** One property of an array option's element. */
export type ItemPropertyDescriptor = {
  readonly title: string;
  readonly description: string;
  readonly required?: boolean;
} & (
  | { readonly type: 'string'; readonly pattern: string; readonly patternMessage: string }
  | { readonly type: 'integer'; readonly unit?: string; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'array'; readonly items: ItemDescriptor }
);

/** What every option and attribute says about itself. */
export interface AttributeDescriptor {
  /** `json`: a structure whose shape the operation checks; on a command line JSON. Attributes only. */
  readonly type: 'string' | 'integer' | 'boolean' | 'array' | 'json';
  readonly title: string;
  readonly description: string;
  readonly unit?: string;
  readonly items?: ItemDescriptor;
  readonly enum?: readonly string[];
  readonly enumTitles?: readonly string[];
  readonly default?: string | number | boolean | readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  /** A regular expression for the whole value, read with the `u` flag. */
  readonly pattern?: string;
  /** Completes the sentence "<title> ...": `must be ...`. */
  readonly patternMessage?: string;
  readonly multiline?: boolean;
  readonly required?: boolean;
  readonly requiredWhen?: Conditions;
  readonly visibleWhen?: Conditions;
  readonly examples?: readonly unknown[];
  readonly order: number;
}

/** One option of a connection, as connector.json declares it. */
export interface OptionDescriptor extends AttributeDescriptor {
  readonly group: string;
  /** First version that has it. */
  readonly since: string;
  readonly secret?: boolean;
  /** Label of the same property in the form that users come from. */
  readonly legacyLabel?: string;
}

/** An option that is gone: what to use instead. */
export interface RetiredOption {
  readonly since: string;
  readonly message: string;
}

export interface GroupDescriptor {
  readonly id: string;
  readonly title: string;
  /** Rarely needed: a form may show it folded. */
  readonly collapsed?: boolean;
}

/** A rule across options; `src/manifest/rules.ts` holds one function for each. */
export interface RuleDescriptor {
  readonly id: string;
  readonly fields: readonly string[];
  readonly message: string;
}

export interface VariantDescriptor {
  readonly id: string;
  readonly title: string;
  readonly when: Condition;
}

export interface OperationDescriptor {
  readonly title: string;
  readonly description: string;
  readonly modes: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeDescriptor>>;
  readonly timeoutSeconds?: number;
  readonly checks?: readonly { readonly id: string; readonly title: string }[];
}

export interface ConnectionDescriptor {
  readonly groups: readonly GroupDescriptor[];
  readonly variants: readonly VariantDescriptor[];
  readonly properties: Readonly<Record<string, OptionDescriptor>>;
  readonly retired?: Readonly<Record<string, RetiredOption>>;
  readonly rules: readonly RuleDescriptor[];
}

/** connector.json: what the connector is, what it asks for, what it can do. */
export interface Manifest {
  readonly $schema: string;
  readonly manifestVersion: 1;
  readonly id: string;
  readonly version: string;
  readonly displayName: string;
  readonly description: string;
  readonly license: string;
  readonly runtime: {
    readonly engines: Readonly<Record<string, string>>;
    readonly main: string;
    readonly executables: Readonly<Record<string, string>>;
    readonly allowedHosts: readonly string[];
  };
  readonly contracts: readonly {
    readonly name: string;
    readonly version: string;
    readonly role: string;
    readonly entry: string;
  }[];
  readonly modes: Readonly<
    Record<string, { readonly title: string; readonly description: string; readonly available?: boolean }>
  >;
  readonly connection: ConnectionDescriptor;
  readonly operations: Readonly<Record<string, OperationDescriptor>>;
}
