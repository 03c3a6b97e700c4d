import { createHash } from 'node:crypto';
import { lifeNeed } from '../../auth/life.ts';
import { defined } from '../../core/defined.ts';
import { openStagingArea } from '../../staging/open-staging-area.ts';
import type { StagedFiles, StageSink } from '../../staging/stage-sink.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { Connection } from '../connection.ts';
import type { WritePlan } from '../write-plan.ts';
import { fitsInsert } from './insert-check.ts';
import { tooManyRows } from './plan-path.ts';
import type { WriteRecorder } from './recorder.ts';
import { Spool } from './spool.ts';
import { readSpool } from './spool-rows.ts';
import type { StagedInput } from './staged-input.ts';
import type { StagedLoad } from './staged-load.ts';

/** Where the rows of one write wait until they are committed. Dispose removes them. */
export interface Store extends AsyncDisposable {
  readonly sink: StageSink & StagedFiles;
  /** All rows are there: makes them what a load needs. */
  seal(staged: StagedInput): Promise<StagedLoad>;
  /** Leaves the rows where they are, and answers where that is; `undefined` where they cannot stay. */
  keep(): string | undefined;
  close(): Promise<void>;
}

/** Opens the store that the plan asks for: a folder in S3, or one on this machine that may move there. */
export async function openStore(connection: Connection, plan: WritePlan, recorder: WriteRecorder): Promise<Store> {
  const { access, options, workDirectory } = connection;
  const { run } = recorder;
  const openArea = async (): Promise<StagingArea> => {
    await access.ensureLife(run, lifeNeed({ kind: 'upload' }));
    return await openStagingArea(access, options, run);
  };
  if (plan.path.kind === 'staged') return copyStore(connection, await openArea(), recorder);
  const { maxRows, maxBytes, kind } = plan.path;
  const spool = await Spool.open(
    {
      workDirectory,
      maxRows,
      maxBytes,
      rows: () => recorder.rows.staged,
      overflow: () => {
        if (kind === 'insert') throw tooManyRows(plan.path, options.useStaging);
        return openArea();
      },
    },
    run,
  );
  return insertStore(connection, spool, plan, recorder);
}

function copyStore(connection: Connection, area: StagingArea, recorder: WriteRecorder): Store {
  return {
    sink: area,
    seal: (staged) => sealArea(connection, area, staged, recorder),
    keep: () => {
      area.keep();
      return area.url();
    },
    close: async () => void (await area.close()),
    [Symbol.asyncDispose]: () => area[Symbol.asyncDispose](),
  };
}

function insertStore(connection: Connection, spool: Spool, plan: WritePlan, recorder: WriteRecorder): Store {
  return {
    sink: spool,
    seal: async (staged) => {
      const { path } = plan;
      if (spool.area === undefined && staged.rowsStaged > path.maxRows) await spool.moveOut();
      if (
        spool.area === undefined &&
        path.kind === 'look' &&
        !(await fitsInsert(readSpool(spool, staged.files, plan, recorder.run), plan))
      ) {
        await spool.moveOut();
      }
      const files = staged.files.flatMap((file) => spool.file(file) ?? []);
      if (spool.area !== undefined) return sealArea(connection, spool.area, { ...staged, files }, recorder);
      return {
        ...staged,
        files,
        manifestUrl: '',
        folderName: '',
        ...(staged.rowsStaged === 0 ? {} : { manifestSha256: createHash('sha256').update(spool.folder).digest('hex') }),
        insertRows: (run) => readSpool(spool, files, plan, run),
      };
    },
    keep: () => {
      spool.area?.keep();
      return spool.area?.url();
    },
    close: () => spool.close(),
    [Symbol.asyncDispose]: () => spool.close(),
  };
}

async function sealArea(
  { access, options }: Connection,
  area: StagingArea,
  staged: StagedInput,
  { run }: WriteRecorder,
): Promise<StagedLoad> {
  const manifest = staged.rowsStaged === 0 ? undefined : await area.putManifest('manifest.json', staged.files);
  await area.verify(); // the bucket may have changed hands while the rows were under way
  const timeoutSeconds = options.statementTimeoutSeconds;
  await access.ensureLife(run, lifeNeed({ kind: 'statement', verb: 'COPY', timeoutSeconds }));
  return {
    ...staged,
    manifestUrl: manifest?.url ?? '',
    ...defined({ manifestSha256: manifest?.sha256 }),
    folderName: area.folderName,
  };
}
