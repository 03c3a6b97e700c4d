import { rm } from 'node:fs/promises';
import { Engine } from '../../columnar/engine.ts';
import { type ColumnFacts, measureColumns, typesOf } from '../../columnar/infer-types.ts';
import { type InputFile, isNothing } from '../../columnar/input-file.ts';
import type { LoadColumn } from '../../columnar/load-expression.ts';
import type { RefusedRow } from '../../columnar/stage-file.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { StageSink } from '../../staging/stage-sink.ts';
import { addChecksums } from '../../types/checksum.ts';
import type { WritePlan } from '../write-plan.ts';
import { requireSameColumns, requireWished } from './input-columns.ts';
import { linesOfRows, type StagedPart } from './input-lines.ts';
import type { InputPart, InputParts } from './input-part.ts';
import { InputSources } from './input-sources.ts';
import type { OpenInput } from './open-input.ts';
import { fetchAhead, requireRows, telling } from './part-order.ts';
import { mayPass, type PassedFile, passThrough } from './pass-through.ts';
import type { WriteRecorder } from './recorder.ts';
import { keepRefused, refuseRows } from './refuse-rows.ts';
import { fileKey, type SourceFile } from './source-file.ts';
import { stageLocalFiles } from './stage-file.ts';
import type { StagedInput } from './staged-input.ts';

const NOTHING: StagedInput = { files: [], rowsRead: 0, rowsStaged: 0, rowsRefused: 0, bytes: 0, rowsOfFiles: [] };

/**
 * Opens Parquet, CSV and JSON Lines files as one input; their rows never become JavaScript values. Works in a folder of
 * its own below `workDirectory`, which dispose removes. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID,
 * RS_PACKAGE_MISSING.
 */
export async function openFiles(
  workDirectory: string,
  list: (folder: string) => Promise<InputParts>,
  wished: readonly string[] | undefined,
  run: Run,
): Promise<OpenInput> {
  const folder = await makeRunFolder(workDirectory, 'write', run);
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  let engine: Engine | undefined;
  let input: InputParts | undefined;
  const close = async (): Promise<void> => {
    try {
      await input?.[Symbol.asyncDispose]();
      await engine?.[Symbol.asyncDispose]();
    } finally {
      await removeFolder();
    }
  };
  try {
    engine = await Engine.open({ folder });
    input = await list(engine.folder);
    const files = await Files.open(engine, input.parts, wished, run);
    return {
      columns: files.columns,
      compression: 'zstd',
      ...defined({ sources: files.sources }),
      placeOf: (row) => files.placeOf(row),
      linesOf: (rows, linesRun) => files.linesOf(rows, linesRun),
      fields: (fieldsRun) => files.fields(fieldsRun),
      stage: (area, plan, recorder, stageRun) => files.stage(area, plan, recorder, stageRun),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The files of one input, in their order; the columns are those of the first. */
class Files {
  /** `undefined` where nothing names any: no file has rows. */
  readonly columns: readonly string[] | undefined;
  readonly #engine: Engine;
  readonly #parts: readonly InputPart[];
  readonly #first: InputFile;
  readonly #wished: readonly string[] | undefined;
  readonly #places: InputSources;
  readonly #staged: StagedPart[] = [];

  private constructor(
    engine: Engine,
    parts: readonly InputPart[],
    first: InputFile,
    places: InputSources,
    wished: readonly string[] | undefined,
  ) {
    this.#engine = engine;
    this.#parts = parts;
    this.#first = first;
    this.#wished = wished;
    this.#places = places;
    this.columns = wished ?? (isNothing(first) ? undefined : first.columns.map(({ name }) => name));
  }

  /** Looks at the first file, and at all that are here already, so that one of another shape is refused at once. */
  static async open(
    engine: Engine,
    parts: readonly InputPart[],
    wished: readonly string[] | undefined,
    run: Run,
  ): Promise<Files> {
    const places = new InputSources(parts.length > 1);
    const [firstPart] = parts;
    if (firstPart === undefined) throw noFiles();
    for (const [position, part] of parts.entries()) {
      await telling(places, part, () => part.admit(engine, position));
    }
    const [leading, first] = await firstWithColumns(engine, parts, firstPart, places, run);
    const files = new Files(engine, parts, first, places, wished);
    files.#require(leading, first);
    for (const part of parts) if (part.bytesToFetch === 0) await files.#open(part, run);
    return files;
  }

  /** `undefined` where one of them is no file that can be known again. */
  get sources(): readonly SourceFile[] | undefined {
    const sources = this.#parts.flatMap(({ source }) => source ?? []);
    return sources.length === this.#parts.length ? sources : undefined;
  }

  placeOf(row: number): ReturnType<InputSources['of']> {
    return this.#places.of(row);
  }

  linesOf(rows: readonly number[], run: Run): Promise<ReadonlyMap<number, number>> {
    return linesOfRows(this.#engine, this.#staged, rows, run);
  }

  async fields(run: Run): ReturnType<OpenInput['fields']> {
    const facts: (readonly ColumnFacts[])[] = [];
    for (const [index, part] of this.#parts.entries()) {
      fetchAhead(this.#parts.slice(index), run);
      const input = await this.#open(part, run);
      facts.push(await telling(this.#places, part, () => measureColumns(this.#engine, input, run)));
      // All of them together may be more than the disk holds: they are fetched again when they are staged.
      if (this.#parts.length > 1 && part.bytesToFetch > 0) await part.release();
    }
    const fields = typesOf(facts);
    return (this.columns ?? []).flatMap((name) => fields.find((field) => field.name === name) ?? []);
  }

  async stage(area: StageSink, plan: WritePlan, recorder: WriteRecorder, run: Run): Promise<StagedInput> {
    const wanted = this.#parts.filter(
      ({ source }) => plan.fileKeys === undefined || source === undefined || plan.fileKeys.includes(fileKey(source)),
    );
    const passed = await this.#passThrough(wanted, area, plan, recorder, run);
    if (passed !== undefined) return passed;
    let staged = NOTHING;
    for (const [index, part] of wanted.entries()) {
      fetchAhead(wanted.slice(index), run);
      const input = await this.#open(part, run);
      const before = staged;
      this.#places.begin(part.name, before.rowsRead);
      const refused: RefusedRow[] = [];
      let count = before.rowsRefused;
      const more = await telling(this.#places, part, async () => {
        const load = {
          input,
          columns: loadColumns(input, plan),
          plan,
          before,
          refuse: (rows: readonly RefusedRow[]): void => {
            refuseRows(plan, rows, { before: count, source: part.name }, recorder);
            count += rows.length;
            if (recorder.rejects !== undefined) refused.push(...rows);
          },
          ...defined({ totalRows: input.rowCount }),
        };
        const loaded = await stageLocalFiles(this.#engine, load, area, recorder, run);
        requireRows(part, loaded.rowsRead);
        await part.release();
        this.#staged.push({ part, before: before.rowsRead, rows: loaded.rowsRead });
        return loaded;
      });
      await this.#keep(refused, plan, recorder, run);
      staged = added(before, more);
    }
    return staged;
  }

  /** Rows that were left out of the file that was staged last. */
  async #keep(refused: readonly RefusedRow[], plan: WritePlan, recorder: WriteRecorder, run: Run): Promise<void> {
    if (refused.length === 0 || recorder.rejects === undefined) return;
    const numbers = refused.map(({ row }) => row);
    keepRefused(plan, refused, await this.linesOf(numbers, run), recorder);
    await recorder.rejects.flush();
  }

  /** Parquet files as they are, where all of them are here and may go so; `undefined` where they are to be converted. */
  async #passThrough(
    parts: readonly InputPart[],
    area: StageSink,
    plan: WritePlan,
    recorder: WriteRecorder,
    run: Run,
  ): Promise<StagedInput | undefined> {
    if (parts.length > 1 && parts.some(({ bytesToFetch }) => bytesToFetch > 0)) return undefined;
    const files: PassedFile[] = [];
    for (const part of parts) {
      const input = await this.#open(part, run);
      if (input.format !== 'parquet') return undefined;
      files.push({ input, columns: loadColumns(input, plan) });
    }
    if (!(await mayPass(this.#engine, plan, files, run))) return undefined;
    const staged = await passThrough(this.#engine, plan, files, area, recorder, run);
    if (staged === undefined) return undefined;
    for (const [index, part] of parts.entries()) {
      this.#places.begin(
        part.name,
        files.slice(0, index).reduce((sum, { input }) => sum + (input.rowCount ?? 0), 0),
      );
      requireRows(part, files[index]?.input.rowCount ?? 0);
      await part.release();
    }
    return staged;
  }

  async #open(part: InputPart, run: Run): Promise<InputFile> {
    const input = await telling(this.#places, part, () => part.open(this.#engine, run));
    this.#require(part, input);
    return withColumns(input, this.columns ?? []);
  }

  #require(part: InputPart, input: InputFile): void {
    if (isNothing(input)) return;
    const isFirst = input === this.#first;
    if (this.#wished === undefined) {
      if (!isFirst) requireSameColumns(this.#first, input, part.name);
    } else if (isFirst || input.format !== 'jsonl') requireWished(this.#wished, input, part.name);
  }
}

/** The first file that names its columns, which an empty one of JSON Lines does not; else the first of all. */
async function firstWithColumns(
  engine: Engine,
  parts: readonly InputPart[],
  firstPart: InputPart,
  places: InputSources,
  run: Run,
): Promise<readonly [InputPart, InputFile]> {
  const first = await telling(places, firstPart, () => firstPart.open(engine, run));
  if (!isNothing(first)) return [firstPart, first];
  for (const part of parts.slice(1)) {
    const input = await telling(places, part, () => part.open(engine, run));
    if (!isNothing(input)) return [part, input];
  }
  return [firstPart, first];
}

/** A name that no line of JSON has is NULL in all of them. */
function withColumns(input: InputFile, names: readonly string[]): InputFile {
  const missing = names.filter((name) => !input.columns.some((column) => column.name === name));
  return missing.length === 0
    ? input
    : { ...input, columns: [...input.columns, ...missing.map((name) => ({ name, type: 'VARCHAR' }))] };
}

function noFiles(): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'The input has no files', { action: 'Name at least one file.' });
}

function added(before: StagedInput, more: StagedInput): StagedInput {
  const checksum =
    before.checksum !== undefined && more.checksum !== undefined
      ? addChecksums(before.checksum, more.checksum)
      : (more.checksum ?? before.checksum);
  return {
    files: [...before.files, ...more.files],
    rowsRead: before.rowsRead + more.rowsRead,
    rowsStaged: before.rowsStaged + more.rowsStaged,
    rowsRefused: before.rowsRefused + more.rowsRefused,
    bytes: before.bytes + more.bytes,
    rowsOfFiles: [...(before.rowsOfFiles ?? []), more.rowsRead],
    ...defined({ checksum }),
  };
}

function loadColumns(input: InputFile, plan: WritePlan): readonly LoadColumn[] {
  return plan.columns.map(({ name, type, nullable, inputName }) => ({
    source: inputName,
    sourceType: input.columns.find((column) => column.name === inputName)?.type ?? 'VARCHAR',
    field: { name, type, nullable },
    mayLose: plan.acceptLoss.includes(name),
  }));
}
