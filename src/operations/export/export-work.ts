import { rm } from 'node:fs/promises';
import type { Engine } from '../../columnar/engine.ts';
import { checksumOfExported } from '../../columnar/export-checksum.ts';
import { type ExportInput, exportFile } from '../../columnar/export-file.ts';
import type { MixedPart } from '../../columnar/parquet-parts.ts';
import type { Run } from '../../core/run.ts';
import { addChecksums, type Checksum } from '../../types/checksum.ts';
import type { OpenedRead } from '../read/read-open.ts';
import type { ExportPlan } from './file-destination.ts';
import type { FileSeries } from './file-series.ts';

export interface ExportWorkInit {
  readonly opened: OpenedRead;
  readonly plan: ExportPlan;
  readonly series: FileSeries;
  readonly acceptLoss: readonly string[];
  readonly endsWithStagedFiles: boolean;
}

/** An export under way: a read that has begun, and the files that its rows go to. */
export class ExportWork {
  readonly opened: OpenedRead;
  readonly plan: ExportPlan;
  readonly series: FileSeries;
  readonly run: Run;
  /** Whether a file of the export ends where a staged one does, so that another attempt can go on behind it. */
  readonly endsWithStagedFiles: boolean;
  readonly #acceptLoss: readonly string[];
  #checksum: Checksum | undefined;

  constructor({ opened, plan, series, acceptLoss, endsWithStagedFiles }: ExportWorkInit, run: Run) {
    this.opened = opened;
    this.plan = plan;
    this.series = series;
    this.run = run;
    this.endsWithStagedFiles = endsWithStagedFiles;
    this.#acceptLoss = acceptLoss;
  }

  /** The sums of what was written; only where the read is verified. */
  get checksum(): Checksum | undefined {
    return this.#checksum;
  }

  /** Converts rows, and adds them to the files. `to` is a file for the time being. */
  async convert(
    engine: Engine,
    input: ExportInput,
    to: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<void> {
    const { opened, plan, run } = this;
    const { fields } = opened;
    const init = { fields, form: plan.form, acceptLoss: this.#acceptLoss, range, to };
    const { rows } = await exportFile(engine, input, init, run);
    if (opened.check !== undefined) {
      const found = await checksumOfExported(engine, to, init, run);
      this.#checksum = this.#checksum === undefined ? found : addChecksums(this.#checksum, found);
    }
    await this.add(to, rows);
    await rm(to, { force: true });
  }

  async add(piece: string | MixedPart, rows: number): Promise<void> {
    const { series } = this;
    await series.add(piece, rows);
    this.run.publish({
      type: 'progress',
      phase: 'export',
      rows: series.rows,
      bytes: series.bytes,
      files: series.files.length,
    });
  }
}
