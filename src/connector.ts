import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { planAccess } from './access/plan-access.ts';
import type { Access } from './auth/access.ts';
import { openAccess } from './auth/open-access.ts';
import { defined } from './core/defined.ts';
import { ConnectorError } from './core/errors.ts';
import type { ConnectorEvent, RunOperation } from './core/events.ts';
import { followBatches, followRun, type RunFacts, type Told } from './core/follow-run.ts';
import { OpenWork } from './core/open-work.ts';
import { type Clock, openRun, type Run } from './core/run.ts';
import type { Database } from './db/database.ts';
import { openDatabase } from './db/open-database.ts';
import { checkWords } from './manifest/attributes.ts';
import { checkCustomSql } from './manifest/custom-sql.ts';
import type { HostPolicy } from './manifest/host-policy.ts';
import { MANIFEST } from './manifest/manifest.gen.ts';
import { checkSourcePlace, checkTargetPlace, type ObjectPlace } from './manifest/object-places.ts';
import type { ConnectionInput } from './manifest/options.gen.ts';
import { type ResolveSecret, realPathUnder } from './manifest/references.ts';
import { addressCheck, policyOf, resolveConnection, toldHostCheck } from './manifest/resolve.ts';
import type { CallResult, CallSpec } from './operations/call/call-spec.ts';
import type { CheckReport, CheckSpec, CheckStep } from './operations/check/report.ts';
import type { Connection } from './operations/connection.ts';
import type { DiscoverSpec, Discovery } from './operations/discover.ts';
import type { Explanation } from './operations/explain/explanation.ts';
import type { ExportReport } from './operations/export/export-report.ts';
import type { FileDestination } from './operations/export/file-destination.ts';
import type { JanitorReport, JanitorSpec } from './operations/janitor.ts';
import type { IssuedLogin } from './operations/login.ts';
import type { PreviewSpec } from './operations/preview.ts';
import { readName } from './operations/read/read-name.ts';
import type { ReadSpec } from './operations/read/read-spec.ts';
import { type OnReport, ReportedRun } from './operations/report/reported-run.ts';
import type { RunReport } from './operations/report/run-report.ts';
import type { RunResult } from './operations/report/run-reporter.ts';
import { exportOutcome, failedWriteOutcome, writeOutcome } from './operations/run-outcome.ts';
import { requireInput } from './operations/write/require-input.ts';
import type { WriteReport } from './operations/write-report.ts';
import type { WriteInput, WriteSpec } from './operations/write-spec.ts';
import type { Batch } from './types/batch.ts';

/** Longest wait for work under way to clean up when its connector is disposed of. */
const CLOSE_LIMIT_MS = 30_000;

/** What the platform that loads the plugin gives it. Everything may be left out. */
export interface Host {
  /** Limits what a connection form may ask for; a breach is RS_CONFIG_FORBIDDEN, before any call. */
  readonly policy?: HostPolicy;
  /** Resolves `${...}` references in secret options. Without it, and without a policy, `${env:..}` and `${file:..}` work. */
  readonly resolveSecret?: ResolveSecret;
  /** Folder for files on their way through; default: the system's temporary folder. */
  readonly workDirectory?: string;
  readonly onEvent?: (event: ConnectorEvent) => void;
  readonly clock?: Clock;
}

/** How one call may end early, and whose work it is. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A call whose run somebody wants the report of. */
export interface ReportedCall extends CallOptions {
  /** Hears of the run once, when it is over and cleaned up, however it ended; of a read when its loop is left. */
  readonly onReport?: OnReport | undefined;
}

/** What a check looks at, and who hears of its steps. */
export interface CheckCall extends CheckSpec, CallOptions {
  /** Hears of each step as it ends, in the order of the report. */
  readonly onStep?: ((step: CheckStep) => void) | undefined;
}

export interface ReadCallSpec extends ReadSpec {
  /** Names the read: repeat it to go on with a resumable one that broke off. Default: a new one. */
  readonly runId?: string | undefined;
}

export interface WriteCallSpec extends WriteSpec {
  /** The ledger's key: repeat it to try the same write again without doing it twice. Default: a new one. */
  readonly runId?: string | undefined;
}

/** A connection that is ready to work. Dispose of it: it owns sessions and caches, and ends what is still under way. Failures throw `ConnectorError`. */
export interface OpenConnector extends AsyncDisposable {
  /** What a person should know before any work: options that are ignored, durations that are capped. */
  readonly notices: readonly string[];
  /** Tries every hop and reports on each; throws the signal's reason, and RS_CONFIG_INVALID for a step that there is not. */
  check(call?: CheckCall): Promise<CheckReport>;
  /**
   * The login for another program's session: ask again before each, an unexpired one is given again and renewed ahead of its
   * end. What that program connects to is its own to check.
   */
  login(call?: CallOptions): Promise<IssuedLogin>;
  /** Lists schemas, the objects of a schema, or the columns and keys of an object. */
  discover(spec?: DiscoverSpec, call?: CallOptions): Promise<Discovery>;
  /** The first rows of an object. */
  preview(spec: PreviewSpec, call?: CallOptions): Promise<Batch>;
  /** Rows in batches; a bounded number of them is fetched ahead, and leaving the loop early cleans up. */
  read(spec: ReadCallSpec, call?: ReportedCall): AsyncGenerator<Batch, void, undefined>;
  /** Reads into files, which are complete or not there, and hold the values that batches would. */
  readToFiles(spec: ReadCallSpec, destination: FileDestination, call?: ReportedCall): Promise<ExportReport>;
  /** Calls a stored procedure, once: what it puts out, and the rows of its cursors. */
  call(spec: CallSpec, call?: ReportedCall): Promise<CallResult>;
  /** Writes rows or a file in one transaction, exactly once for a run id. */
  write(spec: WriteCallSpec, input: WriteInput, call?: ReportedCall): Promise<WriteReport>;
  /** What `read`, or with a destination `readToFiles`, would do: the catalog is read, and nothing else done. */
  explainRead(spec: ReadCallSpec, destination?: FileDestination, call?: CallOptions): Promise<Explanation>;
  /** What `write` would do: the catalog and the head of local files are read; nothing is written, no row taken. */
  explainWrite(spec: WriteCallSpec, input?: WriteInput, call?: CallOptions): Promise<Explanation>;
  /** Deletes what crashed runs left in the staging bucket, as far as it is theirs for certain, and says what and why. */
  janitor(spec?: JanitorSpec, call?: CallOptions): Promise<JanitorReport>;
}

export interface OpenInit {
  /** `advanced`: runs on worker nodes; `loginIdentity` says whether the agent or the worker node's role logs in there. */
  readonly mode?: 'standard' | 'advanced';
}

/** The plugin object that a host loads. */
export const connector = {
  /** The content of `connector.json`, shared attributes in their places. */
  manifest: MANIFEST,
  /** Checks the values of a connection form. No I/O yet. Throws RS_CONFIG_INVALID, RS_CONFIG_FORBIDDEN. */
  open(values: ConnectionInput, host: Host = {}, init: OpenInit = {}): OpenConnector {
    return openConnector(values, host, init);
  },
} as const;

/** One call of a connector. */
interface Asked {
  readonly operation: RunOperation;
  readonly object?: ReadSpec['object'] | WriteSpec['object'] | undefined;
  readonly call?: CallOptions | undefined;
  readonly runId?: string | undefined;
}

/** What is asked by a call that may be reported on. */
interface ReportedAsk extends Asked {
  readonly operation: RunReport['kind'];
  readonly call?: ReportedCall | undefined;
  /** What is read or written, and what becomes of it, in words. */
  readonly words: Pick<RunReport, 'object' | 'operation'>;
  readonly destination?: FileDestination;
}

/** What is read or written, for listeners. */
function nameOf(object: Asked['object']): string | undefined {
  return typeof object === 'object' ? object.join('.') : object;
}

function openConnector(values: ConnectionInput, host: Host, init: OpenInit): OpenConnector {
  const { policy, resolveSecret, clock, onEvent } = host;
  const { options, notices: optionNotices } = resolveConnection(values, { policy, resolveSecret });
  const plan = planAccess(options, init);
  const notices = Object.freeze([...new Set([...optionNotices, ...plan.notices])]);
  const checkAddress = addressCheck({ policy, resolveSecret });
  const placeCheck = (check: typeof checkSourcePlace) => (place: ObjectPlace) => {
    const limits = policyOf({ policy, resolveSecret });
    if (limits !== undefined) check(place, limits);
  };
  const access: Access = openAccess(plan, {
    ...defined({ clock }),
    checkHost: toldHostCheck({ policy, resolveSecret }),
  });
  const database: Database = openDatabase(access, options, {
    clock,
    onEvent,
    checkAddress,
  });
  const connection: Connection = {
    options,
    access,
    database,
    workDirectory: host.workDirectory ?? tmpdir(),
    checkSource: placeCheck(checkSourcePlace),
    checkTarget: placeCheck(checkTargetPlace),
    // What the agent's own rights would show of IAM is not for whoever fills in a form.
    mayReadIam: policy === undefined || plan.identity?.kind === 'accessKeys',
  };
  const work = new OpenWork();
  const { publish } = openRun({ clock, onEvent, isBackground: true });
  for (const message of notices) publish({ type: 'warning', code: 'RS_NOTICE', message });

  function begin({ call: { signal } = {}, runId }: Asked, listener = onEvent): Run {
    if (work.isClosed) throw new ConnectorError('RS_INTERNAL', 'This connector was disposed of');
    return openRun({ runId, signal: work.signal(signal), clock, onEvent: listener });
  }

  /** A run, and who makes its report where one is wanted. */
  function beginReported(asked: ReportedAsk): { run: Run; on: Connection; reported: ReportedRun | undefined } {
    const { call: { onReport } = {}, operation: kind, words, destination } = asked;
    if (onReport === undefined) return { run: begin(asked), on: connection, reported: undefined };
    let reported: ReportedRun | undefined;
    const run = begin(asked, (event) => {
      reported?.hear(event);
      onEvent?.(event);
    });
    reported = new ReportedRun({ kind, ...words, runId: run.runId, clock: run.clock }, onReport, destination);
    return { run, on: reported.heard(connection), reported };
  }

  function factsOf({ operation, object }: Asked): RunFacts {
    const { host, port } = plan.endpoint;
    return defined({ operation, object: nameOf(object), database: plan.login.database, host, port });
  }

  /** Loaded when something was refused: a run that goes well needs no policies. */
  async function explained(error: unknown, run: Run): Promise<unknown> {
    const { explainAccess } = await import('./operations/explain-access.ts');
    return explainAccess(connection, error, run);
  }

  /** Work that is followed to its end, a refusal in it with its diagnosis. */
  function diagnosed<T>(asked: Asked, operation: (run: Run) => Promise<T>, told: Told<T> = {}): Promise<T> {
    const run = begin(asked);
    const explaining = async (): Promise<T> => {
      try {
        return await followRun(run, factsOf(asked), () => operation(run), told);
      } catch (error) {
        throw await explained(error, run);
      }
    };
    return work.follow(explaining());
  }

  /** The same, with a report where one is wanted. */
  function reported<T>(
    asked: ReportedAsk,
    operation: (run: Run, on: Connection) => Promise<T>,
    resultOf: (result: T) => RunResult,
    told: Told<T> = {},
  ): Promise<T> {
    const { run, on, reported: report } = beginReported(asked);
    const following = async (): Promise<T> => {
      let result: T;
      try {
        result = await followRun(run, factsOf(asked), () => operation(run, on), told);
      } catch (error) {
        await report?.failed(connection, error, run.signal.aborted, run);
        throw await explained(error, run);
      }
      await report?.completed(connection, resultOf(result), run);
      return result;
    };
    return work.follow(following());
  }

  return {
    notices,
    check: async ({ onStep, signal, ...spec } = {}) => {
      checkWords('check', spec);
      const { check } = await import('./operations/check/check.ts');
      const init = { ...spec, notices, checkAddress, ...defined({ onStep }) };
      const asked = { operation: 'check', call: { signal } } as const;
      const run = begin(asked);
      return work.follow(followRun(run, factsOf(asked), () => check(connection, init, run)));
    },
    login: async (call) =>
      diagnosed({ operation: 'login', call }, async (run) => {
        const { login } = await import('./operations/login.ts');
        return login(connection, run);
      }),
    discover: async (spec = {}, call) => {
      checkWords('discover', spec);
      return diagnosed({ operation: 'discover', call }, async (run) => {
        const { discover } = await import('./operations/discover.ts');
        return discover(connection, spec, run);
      });
    },
    preview: async (spec, call) => {
      checkWords('preview', spec);
      checkCustomSql(spec, policy);
      return diagnosed({ operation: 'preview', object: spec.object, call }, async (run) => {
        const { preview } = await import('./operations/preview.ts');
        return preview(connection, spec, run);
      });
    },
    read: ({ runId, ...spec }, call) =>
      work.stream(
        (async function* () {
          checkWords('read', spec);
          checkCustomSql(spec, policy);
          const { read } = await import('./operations/read/read.ts');
          const words = { object: readName(spec), operation: 'read' };
          const asked = { operation: 'read', object: spec.object, call, runId, words } as const;
          const { run, on, reported: report } = beginReported(asked);
          let rows = 0;
          let failure: { readonly error: unknown } | 'left' | undefined = 'left';
          try {
            for await (const batch of followBatches(run, factsOf(asked), read(on, spec, run))) {
              rows += batch.rowCount;
              yield batch;
            }
            failure = undefined;
          } catch (error) {
            failure = { error };
            throw await explained(error, run);
          } finally {
            if (failure === undefined) await report?.completed(connection, { rows }, run);
            else if (failure === 'left') await report?.failed(connection, undefined, true, run);
            else await report?.failed(connection, failure.error, run.signal.aborted, run);
          }
        })(),
      ),
    readToFiles: async ({ runId, ...spec }, { to, ...destination }, call) => {
      checkWords('read', spec);
      const { splitBytes, ...attributes } = destination;
      checkWords(
        'readToFiles',
        defined({ ...attributes, splitBytes: splitBytes === undefined ? undefined : String(splitBytes) }),
      );
      checkCustomSql(spec, policy);
      const place = outputUnderFileRoots(to, policyOf({ policy, resolveSecret }));
      const files = { ...destination, to: place };
      const words = { object: readName(spec), operation: 'readToFiles' };
      return reported(
        { operation: 'readToFiles', object: spec.object, call, runId, words, destination: files },
        async (run, on) => {
          const { readToFiles } = await import('./operations/export/read-to-files.ts');
          return readToFiles(on, spec, files, run);
        },
        (report) => ({ export: report }),
        { completed: exportOutcome },
      );
    },
    call: async (spec, options) => {
      checkWords('call', spec);
      const words = { object: readName({ object: spec.procedure }), operation: 'call' };
      return reported(
        { operation: 'call', call: options, words },
        async (run, on) => {
          const { call } = await import('./operations/call/call.ts');
          return call(on, spec, run);
        },
        ({ results }) => ({ rows: results.reduce((sum, { batch }) => sum + batch.rowCount, 0) }),
      );
    },
    write: async ({ runId, ...spec }, input, call) => {
      checkWords('write', spec);
      requireInput(input);
      checkCustomSql(spec, policy);
      const limits = policyOf({ policy, resolveSecret });
      const rows = underFileRoots(input, limits);
      const allowed = rejectsUnderFileRoots(spec, limits);
      const words = { object: nameOf(spec.object) ?? '', operation: spec.operation ?? 'insert' };
      return reported(
        { operation: 'write', object: spec.object, call, runId, words },
        async (run, on) => {
          const { write } = await import('./operations/write.ts');
          return write(on, allowed, rows, run);
        },
        (report) => ({ write: report }),
        { completed: writeOutcome, failed: failedWriteOutcome },
      );
    },
    explainRead: async ({ runId, ...spec }, destination, call) => {
      checkWords('read', spec);
      checkCustomSql(spec, policy);
      const place = destination && {
        ...destination,
        to: outputUnderFileRoots(destination.to, policyOf({ policy, resolveSecret })),
      };
      return diagnosed({ operation: 'explain', object: spec.object, call, runId: runId ?? '<run id>' }, async (run) => {
        const { explainRead } = await import('./operations/explain/explain-read.ts');
        return explainRead(connection, spec, place, run);
      });
    },
    explainWrite: async ({ runId, ...spec }, input, call) => {
      checkWords('write', spec);
      if (input !== undefined) requireInput(input);
      checkCustomSql(spec, policy);
      const limits = policyOf({ policy, resolveSecret });
      const rows = input && underFileRoots(input, limits);
      return diagnosed({ operation: 'explain', object: spec.object, call, runId: runId ?? '<run id>' }, async (run) => {
        const { explainWrite } = await import('./operations/explain/explain-write.ts');
        return explainWrite(connection, rejectsUnderFileRoots(spec, limits), rows, run);
      });
    },
    janitor: async (spec = {}, call) => {
      checkWords('janitor', spec);
      return diagnosed({ operation: 'janitor', call }, async (run) => {
        const { janitor } = await import('./operations/janitor.ts');
        return janitor(connection, spec, run);
      });
    },
    [Symbol.asyncDispose]: async () => {
      await work.close(new ConnectorError('RS_CONN_LOST', 'The connector was closed'), CLOSE_LIMIT_MS);
      try {
        await database[Symbol.asyncDispose]();
      } finally {
        await access[Symbol.asyncDispose]();
      }
    },
  };
}

/** Under a host, a file to load lies under the policy's file roots, links followed. */
function underFileRoots(input: WriteInput, policy: HostPolicy | undefined): WriteInput {
  if (policy === undefined) return input;
  // What lies in S3 is judged when it is found: a list of files may name places of its own.
  const located = <T>(file: T): T | string =>
    typeof file !== 'string' || /^s3:/i.test(file) ? file : underRoots(file, 'the file to load', policy);
  if ('file' in input) return { ...input, file: located(input.file) };
  if ('files' in input) return { ...input, files: input.files.map(located) };
  return 'rejects' in input ? { rejects: underRoots(input.rejects, 'the file to load', policy) } : input;
}

/** The same for the reject file, whose folder is there before it is. */
function rejectsUnderFileRoots(spec: WriteSpec, policy: HostPolicy | undefined): WriteSpec {
  if (policy === undefined || spec.rejectFile === undefined) return spec;
  const folder = underRoots(dirname(spec.rejectFile), 'the reject file', policy);
  return { ...spec, rejectFile: join(folder, basename(spec.rejectFile)) };
}

function underRoots(path: string, what: string, { fileRoots = [] }: HostPolicy): string {
  const located = realPathUnder(path, fileRoots);
  if ('path' in located) return located.path;
  // One answer for "absent" and "outside", and no cause: whoever names the file must not find out what the host has.
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', `The host does not allow ${what}`, {
    action: 'Name a file in a folder that the host allows.',
  });
}

/** Under a host, files are written into folders under the policy's file roots, links followed. */
function outputUnderFileRoots(to: FileDestination['to'], policy: HostPolicy | undefined): FileDestination['to'] {
  if (policy === undefined || typeof to !== 'string' || /^s3:/i.test(to)) return to;
  const located = realPathUnder(dirname(to), policy.fileRoots ?? []);
  if ('path' in located && lstatSync(to, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
    return join(located.path, basename(to));
  }
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'The host does not allow the file to write', {
    action: 'Name a file in a folder that the host allows.',
  });
}
