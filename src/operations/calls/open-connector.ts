import type { ConnectorEvent } from '../../core/events.ts';
import type { Clock } from '../../core/run.ts';
import type { HostPolicy } from '../../manifest/host-policy.ts';
import type { ResolveSecret } from '../../manifest/references.ts';
import type { Batch } from '../../types/batch.ts';
import type { CallResult, CallSpec } from '../call/call-spec.ts';
import type { CheckReport, CheckSpec, CheckStep } from '../check/report.ts';
import type { DiscoverSpec, Discovery } from '../discover.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExportReport } from '../export/export-report.ts';
import type { FileDestination } from '../export/file-destination.ts';
import type { JanitorReport, JanitorSpec } from '../janitor.ts';
import type { IssuedLogin } from '../login.ts';
import type { PreviewSpec } from '../preview.ts';
import type { ReadSpec } from '../read/read-spec.ts';
import type { OnReport } from '../report/reported-run.ts';
import type { WriteReport } from '../write-report.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';

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
