export type { HopForecast, HopUse, LifetimeCap, Renewal } from './auth/forecast.ts';
export { connector } from './connector.ts';
export {
  type ConfigIssue,
  ConnectorError,
  ERROR_CODES,
  type ErrorCategory,
  type ErrorCode,
  type ErrorDetails,
  EXIT_STATUS,
} from './core/errors.ts';
export {
  type Blocker,
  type ConnectorEvent,
  EVENT_TYPES,
  type EventOrigin,
  type EventType,
  type EventTypes,
  type HopEvent,
  type PhaseBeginEvent,
  type PhaseEndEvent,
  type ProgressEvent,
  type PublishedEvent,
  type RequestEvent,
  type RetryEvent,
  type RunBeginEvent,
  type RunEndEvent,
  type RunOperation,
  type RunRows,
  type SessionEvent,
  type StatementEvent,
  type SuppressedEvent,
  subscribe,
  type WarningEvent,
} from './core/events.ts';
export type { RedshiftType } from './core/redshift-type.ts';
export type { Clock } from './core/run.ts';
export { Secret } from './core/secret.ts';
export type { ColumnDescriptor, ObjectDescriptor, ObjectSummary, SchemaDescriptor } from './db/object-descriptor.ts';
export { loadConnectionFile } from './manifest/connection-file.ts';
export { formDescription } from './manifest/form.ts';
export type { HostPolicy, IdentityKind } from './manifest/host-policy.ts';
export type { ConnectionInput, ConnectionOptions } from './manifest/options.gen.ts';
export { redact } from './manifest/redact.ts';
export { findIssues, type ResolveContext, resolveOptions } from './manifest/resolve.ts';
export type { CallArgument, CallCursor, CallResult, CallSpec } from './operations/call/call-spec.ts';
export type {
  CallOptions,
  CheckCall,
  Host,
  OpenConnector,
  OpenInit,
  ReadCallSpec,
  ReportedCall,
  WriteCallSpec,
} from './operations/calls/open-connector.ts';
export type { CheckError, CheckReport, CheckSpec, CheckStep, CheckVerdict } from './operations/check/report.ts';
export type { Candidate, Diagnosis } from './operations/diagnose/diagnosis.ts';
export { diagnosisOf } from './operations/diagnosis-of.ts';
export type { DiscoverSpec, Discovery } from './operations/discover.ts';
export type {
  ExplainedFiles,
  ExplainedLock,
  ExplainedStatement,
  ExplainedStep,
  Explanation,
  StepActual,
  StepEstimate,
} from './operations/explain/explanation.ts';
export type { ExportedFile, ExportReport } from './operations/export/export-report.ts';
export type { FileDestination } from './operations/export/file-destination.ts';
export {
  type GrantedOperation,
  type GrantPlan,
  type GrantSpec,
  type GrantStatement,
  planGrants,
} from './operations/grants.ts';
export type { Grantee } from './operations/grants-rights.ts';
export type { JanitorReport, JanitorSpec } from './operations/janitor.ts';
export type { IssuedLogin } from './operations/login.ts';
export type { PreviewSpec } from './operations/preview.ts';
export type {
  Comparison,
  ConditionValue,
  FilterOperator,
  JoinedObject,
  ReadColumn,
  ReadFilter,
  ReadMode,
  ReadObject,
  ReadParameter,
  ReadSpec,
  SortColumn,
} from './operations/read/read-spec.ts';
export type { OnReport } from './operations/report/reported-run.ts';
export type { ReportedCounts, ReportedError, ReportedPhase, RunReport } from './operations/report/run-report.ts';
export type { TargetChanges, TargetSpec } from './operations/target/target-spec.ts';
export type { Verification } from './operations/verify/compare.ts';
export type { LoadReject, WriteCounts, WritePhase, WriteReport, WriteWarning } from './operations/write-report.ts';
export type {
  DuplicateKeys,
  FileSource,
  InputBatch,
  InputRow,
  InputValue,
  ObjectReference,
  RejectsSource,
  RowSource,
  WriteInput,
  WriteOperation,
  WriteSpec,
} from './operations/write-spec.ts';
export type { SweptFolder } from './staging/sweep.ts';
export type { Batch, Row, Value } from './types/batch.ts';
export type { Field } from './types/field.ts';
