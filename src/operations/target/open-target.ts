import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { describeObject } from '../../db/catalog.ts';
import { foldName } from '../../db/catalog-query.ts';
import type { ColumnDescriptor, ObjectDescriptor, ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import {
  renderAddColumn,
  renderColumnComment,
  renderComments,
  renderCreateTable,
  renderWidenColumn,
  type TableDefinition,
} from '../../sql/ddl.ts';
import type { WriteSpec } from '../write-spec.ts';
import { changeType, finishChange, leftOvers } from './change-type.ts';
import { differencesOf } from './differences.ts';
import type { InputField } from './input-field.ts';
import { type ColumnChange, planAdditions, planTypes, requireEqual } from './plan-changes.ts';
import { planTable } from './plan-create.ts';
import { planShape, type Shape } from './plan-recreate.ts';
import { readFacts } from './read-facts.ts';
import { readStorage, recreate, requireReplayable } from './recreate.ts';
import { type TargetLimits, TargetRunner } from './target-runner.ts';

/** What a target is made of, and how long its changes may wait. */
export interface TargetRequest extends TargetLimits {
  readonly path: ObjectPath;
  readonly spec: WriteSpec;
  /** The columns that the input would fill; asked for only where they are needed. */
  readonly input: () => Promise<readonly InputField[]>;
}

/** The table that rows go into, as it is now, and what was done to it. */
export interface OpenedTarget {
  readonly target: ObjectDescriptor;
  /** Statements that changed its shape, in order. */
  readonly ddl: readonly string[];
}

/** One change of a table, decided. */
export type TargetStep =
  | { readonly kind: 'create'; readonly table: TableDefinition }
  /** What a change of type left when it died behind its swap. */
  | { readonly kind: 'finish'; readonly column: ColumnDescriptor }
  | ColumnChange
  | { readonly kind: 'recreate'; readonly shape: Shape };

/** All that will be done to a table before rows come: a value, made by reading the catalog alone. */
export interface TargetPlan {
  /** As the catalog has it; absent where it is to be made. */
  readonly found?: ObjectDescriptor;
  readonly steps: readonly TargetStep[];
}

/**
 * The table as the catalog has it, made or changed before where the specification asks for that. Not for use inside a
 * transaction. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID for what differs and may not be changed.
 */
export async function openTarget(session: Session, request: TargetRequest, run: Run): Promise<OpenedTarget> {
  const runner = new TargetRunner(session, request, run);
  const { path } = request;
  let plan = await planTarget(session, request, run);
  if (plan.found === undefined) {
    await carryOutTarget(session, path, plan, runner, run);
    // Two first writers may make it at once: the second finds one that may differ.
    plan = await planTarget(session, request, run);
  }
  const { found } = plan;
  if (found === undefined) throw new ConnectorError('RS_INTERNAL', 'A table that was made is not there');
  if (plan.steps.length === 0) return { target: found, ddl: runner.done };
  await carryOutTarget(session, path, plan, runner, run);
  return { target: await describeObject(session, path, run), ddl: runner.done };
}

/** Decides what is to be done to the table. Reads the catalog, changes nothing. Throws as `openTarget` does. */
export async function planTarget(session: Session, request: TargetRequest, run: Run): Promise<TargetPlan> {
  const { path, spec } = request;
  let found: ObjectDescriptor;
  try {
    found = await describeObject(session, path, run);
  } catch (error) {
    const isMissing = error instanceof ConnectorError && error.code === 'RS_CONFIG_OBJECT_MISSING';
    if (!isMissing || spec.createTarget !== true || error.details['object'] === undefined) throw error;
    const own: ObjectPath = [foldName(path[0], session), foldName(path[1], session)];
    return { steps: [{ kind: 'create', table: planTable(spec, own, await ownFields(request)) }] };
  }
  const { targetChanges = 'none' } = spec;
  if (targetChanges === 'none' || found.kind !== 'table') return { found, steps: [] };
  const input = await ownFields(request);
  switch (targetChanges) {
    case 'fail':
      requireEqual(input, found);
      return { found, steps: [] };
    case 'recreate':
      return { found, steps: await planReplacement(session, spec, found, input, run) };
    case 'add':
    case 'alter':
      return { found, steps: await planChanges(session, spec, found, input, run) };
  }
}

/** Does what was decided, step by step. */
export async function carryOutTarget(
  session: Session,
  given: ObjectPath,
  { found, steps }: TargetPlan,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  let target = found;
  for (const step of steps) {
    if (step.kind === 'create') {
      await create(session, given, step.table, runner, run);
      continue;
    }
    if (target === undefined) throw new ConnectorError('RS_INTERNAL', 'A table that is not there was to be changed');
    const path: ObjectPath = [target.schema, target.name];
    if (step.kind === 'finish') {
      await finishChange(path, step.column, runner);
      target = { ...target, columns: target.columns.filter(({ name }) => name !== step.column.name) };
    } else if (step.kind === 'recreate') await recreate(session, target, step.shape, runner, run);
    else await apply(session, target, step, runner, run);
  }
}

async function create(
  session: Session,
  given: ObjectPath,
  table: TableDefinition,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  try {
    await runner.step(renderCreateTable(table, { ifAbsent: true }));
  } catch (error) {
    // Two first writers may make it at once: the second finds it, or is refused.
    if (session.isBroken || run.signal.aborted) throw error;
    await describeObject(session, given, run).catch(() => Promise.reject(error as Error));
    return;
  }
  for (const comment of renderComments(table)) await runner.step(comment);
}

/** The input's columns, but for the one that says what becomes of each row. */
async function ownFields({ input, spec }: TargetRequest): Promise<readonly InputField[]> {
  const change = spec.operation === 'dataDriven' ? spec.changeColumn?.toLowerCase() : undefined;
  return (await input()).filter(({ name }) => name.toLowerCase() !== change);
}

/** Only for an asked change of shape: a table that fits stays as it is. */
async function planReplacement(
  session: Session,
  spec: WriteSpec,
  target: ObjectDescriptor,
  input: readonly InputField[],
  run: Run,
): Promise<readonly TargetStep[]> {
  const differences = differencesOf(input, target);
  const storage = await readStorage(session, target, run);
  const shape = planShape(spec, target, storage, input, differences);
  const keepsRows = shape.copied.length > 0;
  const isOther =
    differences.some(({ kind }) => kind !== 'unfilled' || !keepsRows) ||
    JSON.stringify(storage) !==
      JSON.stringify({ distribution: shape.table.distribution, sorting: shape.table.sorting });
  if (!isOther) return [];
  await requireReplayable(session, target, run);
  return [{ kind: 'recreate', shape }];
}

async function planChanges(
  session: Session,
  spec: WriteSpec,
  target: ObjectDescriptor,
  input: readonly InputField[],
  run: Run,
): Promise<readonly TargetStep[]> {
  const differences = differencesOf(input, target);
  const additions = planAdditions(spec, differences);
  if (spec.targetChanges === 'add') return additions;
  const left = leftOvers(target)
    .filter(({ name }) => name.startsWith('roleshift_old_'))
    .map((column) => ({ kind: 'finish', column }) as const);
  if (!differences.some(({ kind }) => kind === 'narrow')) return [...additions, ...left];
  const facts = await readFacts(session, [target.schema, target.name], run);
  return [...additions, ...left, ...planTypes(target, differences, facts)];
}

async function apply(
  session: Session,
  target: ObjectDescriptor,
  each: ColumnChange,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  const path: ObjectPath = [target.schema, target.name];
  switch (each.kind) {
    case 'add': {
      const { column } = each;
      await runner.step(renderAddColumn(path, column));
      if (column.comment !== undefined) await runner.step(renderColumnComment(path, column.name, column.comment));
      return;
    }
    case 'widen':
      await runner.step(renderWidenColumn(path, each.column.name, each.bytes));
      return;
    case 'change':
      await changeType(session, target, each.column, each.type, runner, run);
  }
}
