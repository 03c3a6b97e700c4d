import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { describeObject } from '../../db/catalog.ts';
import { foldName } from '../../db/catalog-query.ts';
import type { ObjectDescriptor, ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import {
  renderAddColumn,
  renderColumnComment,
  renderComments,
  renderCreateTable,
  renderWidenColumn,
} from '../../sql/ddl.ts';
import type { WriteSpec } from '../write-spec.ts';
import { changeType, finishChange, leftOvers } from './change-type.ts';
import { differencesOf } from './differences.ts';
import type { InputField } from './input-field.ts';
import { type ColumnChange, planAdditions, planTypes, requireEqual } from './plan-changes.ts';
import { planTable } from './plan-create.ts';
import { planShape } from './plan-recreate.ts';
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

/**
 * The table as the catalog has it, made or changed before where the specification asks for that. Not for use inside a
 * transaction. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID for what differs and may not be changed.
 */
export async function openTarget(session: Session, request: TargetRequest, run: Run): Promise<OpenedTarget> {
  const runner = new TargetRunner(session, request, run);
  const { path, spec } = request;
  const target = await findOrCreate(session, request, runner, run);
  const { targetChanges = 'none' } = spec;
  if (targetChanges === 'none' || target.kind !== 'table') return { target, ddl: runner.done };
  const input = await ownFields(request);
  if (targetChanges === 'fail') requireEqual(input, target);
  else if (targetChanges === 'recreate') await replace(session, spec, target, input, runner, run);
  else await change(session, request, target, input, runner, run);
  if (runner.done.length === 0) return { target, ddl: [] };
  return { target: await describeObject(session, path, run), ddl: runner.done };
}

async function findOrCreate(
  session: Session,
  request: TargetRequest,
  runner: TargetRunner,
  run: Run,
): Promise<ObjectDescriptor> {
  const { path, spec } = request;
  try {
    return await describeObject(session, path, run);
  } catch (error) {
    const isMissing = error instanceof ConnectorError && error.code === 'RS_CONFIG_OBJECT_MISSING';
    if (!isMissing || spec.createTarget !== true || error.details['object'] === undefined) throw error;
  }
  const own: ObjectPath = [foldName(path[0], session), foldName(path[1], session)];
  const table = planTable(spec, own, await ownFields(request));
  try {
    await runner.step(renderCreateTable(table, { ifAbsent: true }));
  } catch (error) {
    // Two first writers may make it at once: the second finds it, or is refused.
    if (session.isBroken || run.signal.aborted) throw error;
    return await describeObject(session, path, run).catch(() => Promise.reject(error as Error));
  }
  for (const comment of renderComments(table)) await runner.step(comment);
  return describeObject(session, path, run);
}

/** The input's columns, but for the one that says what becomes of each row. */
async function ownFields({ input, spec }: TargetRequest): Promise<readonly InputField[]> {
  const change = spec.operation === 'dataDriven' ? spec.changeColumn?.toLowerCase() : undefined;
  return (await input()).filter(({ name }) => name.toLowerCase() !== change);
}

/** Only for an asked change of shape: a table that fits stays as it is. */
async function replace(
  session: Session,
  spec: WriteSpec,
  target: ObjectDescriptor,
  input: readonly InputField[],
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  const differences = differencesOf(input, target);
  const storage = await readStorage(session, target, run);
  const shape = planShape(spec, target, storage, input, differences);
  const keepsRows = shape.copied.length > 0;
  const isOther =
    differences.some(({ kind }) => kind !== 'unfilled' || !keepsRows) ||
    JSON.stringify(storage) !==
      JSON.stringify({ distribution: shape.table.distribution, sorting: shape.table.sorting });
  if (!isOther) return;
  await requireReplayable(session, target, run);
  await recreate(session, target, shape, runner, run);
}

async function change(
  session: Session,
  { path: given, spec }: TargetRequest,
  target: ObjectDescriptor,
  input: readonly InputField[],
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  const path: ObjectPath = [target.schema, target.name];
  const differences = differencesOf(input, target);
  for (const addition of planAdditions(spec, differences)) await apply(session, target, addition, runner, run);
  if (spec.targetChanges === 'add') return;
  const left = leftOvers(target);
  for (const column of left.filter(({ name }) => name.startsWith('roleshift_old_')))
    await finishChange(path, column, runner);
  if (!differences.some(({ kind }) => kind === 'narrow')) return;
  const now = left.length === 0 ? target : await describeObject(session, given, run);
  for (const each of planTypes(target, differences, await readFacts(session, path, run))) {
    await apply(session, now, each, runner, run);
  }
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
