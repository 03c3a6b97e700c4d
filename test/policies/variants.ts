import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { listOf, type PolicyStatement } from '../../src/policies/document.ts';
import { type PolicySet, policies, type VerifyReport, verifyPolicies } from '../../src/policies/policies.ts';
import { type AppliedWorld, type Dropped, statementsWithout } from './applied-world.ts';
import { keyIdOf, type Topology } from './topologies.ts';

/** One way in with everything, or with one statement, action or resource less. */
export interface Variant {
  readonly title: string;
  /** A part of every name that is its own. */
  readonly tag: string;
  readonly set: PolicySet;
  readonly dropped?: Dropped;
  readonly values: ConnectionInput;
  readonly machine?: string;
  /** Cluster or workgroup of the world. */
  readonly ends: 'warehouse' | 'lake';
}

/**
 * Everything a topology needs, and then without each statement, and each action and resource of one unless `parts` is off;
 * every one with principals of its own.
 */
export function variantsOf(
  topology: Topology,
  at: string,
  applied: AppliedWorld,
  { parts = true }: { readonly parts?: boolean } = {},
): readonly Variant[] {
  const whole = policies(topology.connection('x'), topology.extras('x'));
  const statements = whole.documents.flatMap((document, index) =>
    document.statements.flatMap(({ statement }) => [
      { index, Sid: statement.Sid, part: undefined },
      ...(parts ? partsOf(statement) : []).map((part) => ({ index, Sid: statement.Sid, part })),
    ]),
  );
  return [undefined, ...statements].map((drop, number) => {
    const tag = `t${at}v${number}`;
    const connection = topology.connection(tag);
    const extras = topology.extras(tag);
    const set = policies(connection, extras);
    const document = drop && set.documents[drop.index];
    const dropped = drop && document && { document, sid: drop.Sid, ...(drop.part && { part: drop.part }) };
    if (topology.bucketAccount !== undefined) applied.bucket(topology.bucketAccount, `bucket-${tag}`);
    if (topology.hasKey === true) applied.key(topology.bucketAccount!, keyIdOf(tag));
    if (topology.ends === 'lake') applied.workgroup();
    applied.apply(set, dropped);
    const identity = extras.identityArn ?? '';
    const keys = identity.includes(':user/') ? applied.user(identity.split(':')[4]!, identity.split('/')[1]!) : {};
    const machineRole = topology.machineRole?.(tag);
    if (machineRole !== undefined) applied.machine(tag, machineRole);
    return {
      tag,
      title: dropped === undefined ? 'is enough' : titleOf(dropped, tag),
      set,
      ...(dropped === undefined ? {} : { dropped }),
      values: { ...connection, ...keys },
      ends: topology.ends ?? 'warehouse',
      ...(machineRole === undefined ? {} : { machine: tag }),
    };
  });
}

function partsOf(statement: PolicyStatement): readonly NonNullable<Dropped['part']>[] {
  return (['Action', 'Resource'] as const).flatMap((element) => {
    const values = listOf(statement[element]);
    return values.length < 2 ? [] : values.map((_, at) => ({ element, at }));
  });
}

/** The action or resource that was dropped. */
export function droppedValue({ document, sid, part }: Dropped): string | undefined {
  const statement = document.document.Statement.find(({ Sid }) => Sid === sid);
  return part && listOf(statement?.[part.element])[part.at];
}

/** A text without what is one variant's own. */
export function nameWithout(tag: string, text: string): string {
  return text.replaceAll(`-${tag}`, '').replaceAll(keyIdOf(tag), 'files');
}

function titleOf(dropped: Dropped, tag: string): string {
  const { document, sid } = dropped;
  const part = droppedValue(dropped)?.split(':').slice(-2).join(':');
  const place = `${document.holder.kind} ${document.holder.name} (${document.kind})`;
  return nameWithout(tag, `without ${part === undefined ? '' : `${part} in `}${sid} of ${place}`);
}

/** What verify says where everything but the dropped part exists. */
export function reportOf({ set, dropped }: Variant): VerifyReport {
  const actual = set.documents.map((each) => ({
    kind: each.kind,
    holder: each.holder.arn,
    source: each.name,
    document: { ...each.document, Statement: statementsWithout(each, dropped) },
  }));
  return verifyPolicies(set, { policies: actual, listed: new Set(), unread: [] });
}
