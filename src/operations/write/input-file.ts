import { rm } from 'node:fs/promises';
import { Engine } from '../../columnar/engine.ts';
import { inferTypes } from '../../columnar/infer-types.ts';
import { type InputFile, openInputFile } from '../../columnar/input-file.ts';
import type { LoadColumn } from '../../columnar/load-expression.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { WritePlan } from '../write-plan.ts';
import type { FileSource } from '../write-spec.ts';
import type { OpenInput } from './open-input.ts';
import { localSource } from './source-file.ts';
import { stageLocalFiles } from './stage-file.ts';

/**
 * Opens a local Parquet, CSV or JSON Lines file; its rows never become JavaScript values. Works in a folder of its own
 * below `workDirectory`, which dispose removes. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID, RS_PACKAGE_MISSING.
 */
export async function openFile(
  workDirectory: string,
  source: FileSource,
  wished: readonly string[] | undefined,
  run: Run,
): Promise<OpenInput> {
  const folder = await makeRunFolder(workDirectory, 'write', run);
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  let engine: Engine | undefined;
  const close = async (): Promise<void> => {
    try {
      await engine?.[Symbol.asyncDispose]();
    } finally {
      await removeFolder();
    }
  };
  try {
    const open = await Engine.open({ folder });
    engine = open;
    const input = await openInputFile(open, source, run);
    const file = await localSource(source.file);
    const columns = input.columns.map(({ name }) => name);
    requireColumns(wished ?? [], columns);
    return {
      columns: wished ?? columns,
      compression: 'zstd',
      source: file,
      fields: async (fieldsRun) => {
        const fields = await inferTypes(open, input, fieldsRun);
        return (wished ?? columns).flatMap((name) => fields.find((field) => field.name === name) ?? []);
      },
      stage: (area, plan, recorder, stageRun) =>
        stageLocalFiles(
          open,
          {
            input,
            columns: loadColumns(input, plan),
            plan,
            before: { files: [], rowsRead: 0, bytes: 0 },
            ...defined({ totalRows: input.rowCount }),
          },
          area,
          recorder,
          stageRun,
        ),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function requireColumns(wished: readonly string[], columns: readonly string[]): void {
  const missing = wished.filter((name) => !columns.includes(name)).map((name) => JSON.stringify(name));
  if (missing.length === 0) return;
  throw new ConnectorError('RS_INPUT_INVALID', `The file has no column ${missing.join(', ')}`, {
    action: 'Name columns of the file in columns, or leave columns out to take them all.',
    details: { columns: missing.join(', ') },
  });
}

function loadColumns(input: InputFile, plan: WritePlan): readonly LoadColumn[] {
  return plan.columns.map(({ name, type, nullable, inputName }) => ({
    source: inputName,
    sourceType: input.columns.find((column) => column.name === inputName)?.type ?? 'VARCHAR',
    field: { name, type, nullable },
    mayLose: plan.acceptLoss.includes(name),
  }));
}
