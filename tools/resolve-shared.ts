import type { AttributeDescriptor, Manifest, OperationDescriptor } from '../src/manifest/descriptor.ts';

/** Stands for an attribute that several operations have; what is said beside its name counts in place of what is said there. */
export interface SharedReference {
  readonly shared: string;
  readonly description?: string;
  readonly required?: true;
}

/** connector.json as it is written. */
export interface ManifestSource extends Omit<Manifest, 'operations'> {
  readonly sharedAttributes: Readonly<Record<string, AttributeDescriptor>>;
  readonly operations: Readonly<Record<string, OperationSource>>;
}

interface OperationSource extends Omit<OperationDescriptor, 'attributes'> {
  readonly attributes: Readonly<Record<string, AttributeDescriptor | SharedReference>>;
}

/** The manifest with every shared attribute in its places. Throws for one that is not there. */
export function resolveShared({ sharedAttributes, operations, ...manifest }: ManifestSource): Manifest {
  return {
    ...manifest,
    operations: mapValues(operations, (operation) => ({
      ...operation,
      attributes: mapValues(operation.attributes, (attribute) => {
        if (!('shared' in attribute)) return attribute;
        const { shared, ...own } = attribute;
        const found = sharedAttributes[shared];
        if (found === undefined) throw new Error(`connector.json has no shared attribute ${JSON.stringify(shared)}`);
        return { ...found, ...own };
      }),
    })),
  };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
