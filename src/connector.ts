import { tmpdir } from 'node:os';
import { planAccess } from './access/plan-access.ts';
import type { Access } from './auth/access.ts';
import { openAccess } from './auth/open-access.ts';
import { defined } from './core/defined.ts';
import { ConnectorError } from './core/errors.ts';
import { openRun } from './core/run.ts';
import type { Database } from './db/database.ts';
import { openDatabase } from './db/open-database.ts';
import { checkWords } from './manifest/attributes.ts';
import { checkCustomSql } from './manifest/custom-sql.ts';
import { MANIFEST } from './manifest/manifest.gen.ts';
import { checkSourcePlace, checkTargetPlace, type ObjectPlace } from './manifest/object-places.ts';
import type { ConnectionInput } from './manifest/options.gen.ts';
import { addressCheck, policyOf, resolveConnection, toldHostCheck } from './manifest/resolve.ts';
import { Calls, nameOf } from './operations/calls/calls.ts';
import { inputUnderFileRoots, outputUnderFileRoots, rejectsUnderFileRoots } from './operations/calls/host-files.ts';
import type { Host, OpenConnector, OpenInit } from './operations/calls/open-connector.ts';
import type { Connection } from './operations/connection.ts';
import { readName } from './operations/read/read-name.ts';
import { exportOutcome, failedWriteOutcome, writeOutcome } from './operations/run-outcome.ts';
import { requireInput } from './operations/write/require-input.ts';

/** Longest wait for work under way to clean up when its connector is disposed of. */
const CLOSE_LIMIT_MS = 30_000;

/** The plugin object that a host loads. */
export const connector = {
  /** The content of `connector.json`, shared attributes in their places. */
  manifest: MANIFEST,
  /** Checks the values of a connection form. No I/O yet. Throws RS_CONFIG_INVALID, RS_CONFIG_FORBIDDEN. */
  open(values: ConnectionInput, host: Host = {}, init: OpenInit = {}): OpenConnector {
    return openConnector(values, host, init);
  },
} as const;

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
  const calls = new Calls({
    connection,
    place: defined({ database: plan.login.database, host: plan.endpoint.host, port: plan.endpoint.port }),
    clock,
    onEvent,
    // Loaded when something was refused: a run that goes well needs no policies.
    explain: async (error, run) => {
      const { explainAccess } = await import('./operations/explain-access.ts');
      return explainAccess(connection, error, run);
    },
  });
  const { publish } = openRun({ clock, onEvent, isBackground: true });
  for (const message of notices) publish({ type: 'warning', code: 'RS_NOTICE', message });

  return {
    notices,
    check: async ({ onStep, signal, ...spec } = {}) => {
      checkWords('check', spec);
      const { check } = await import('./operations/check/check.ts');
      const init = { ...spec, notices, checkAddress, ...defined({ onStep }) };
      return calls.followed({ operation: 'check', call: { signal } }, (run) => check(connection, init, run));
    },
    login: async (call) =>
      calls.diagnosed({ operation: 'login', call }, async (run) => {
        const { login } = await import('./operations/login.ts');
        return login(connection, run);
      }),
    discover: async (spec = {}, call) => {
      checkWords('discover', spec);
      return calls.diagnosed({ operation: 'discover', call }, async (run) => {
        const { discover } = await import('./operations/discover.ts');
        return discover(connection, spec, run);
      });
    },
    preview: async (spec, call) => {
      checkWords('preview', spec);
      checkCustomSql(spec, policy);
      return calls.diagnosed({ operation: 'preview', object: spec.object, call }, async (run) => {
        const { preview } = await import('./operations/preview.ts');
        return preview(connection, spec, run);
      });
    },
    read: ({ runId, ...spec }, call) =>
      calls.stream(
        (async function* () {
          checkWords('read', spec);
          checkCustomSql(spec, policy);
          const { read } = await import('./operations/read/read.ts');
          const words = { object: readName(spec), operation: 'read' };
          const asked = { operation: 'read', object: spec.object, call, runId, words } as const;
          yield* calls.batches(asked, (run, on) => read(on, spec, run));
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
      return calls.reported(
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
      return calls.reported(
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
      const rows = inputUnderFileRoots(input, limits);
      const allowed = rejectsUnderFileRoots(spec, limits);
      const words = { object: nameOf(spec.object) ?? '', operation: spec.operation ?? 'insert' };
      return calls.reported(
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
      return calls.diagnosed(
        { operation: 'explain', object: spec.object, call, runId: runId ?? '<run id>' },
        async (run) => {
          const { explainRead } = await import('./operations/explain/explain-read.ts');
          return explainRead(connection, spec, place, run);
        },
      );
    },
    explainWrite: async ({ runId, ...spec }, input, call) => {
      checkWords('write', spec);
      if (input !== undefined) requireInput(input);
      checkCustomSql(spec, policy);
      const limits = policyOf({ policy, resolveSecret });
      const rows = input && inputUnderFileRoots(input, limits);
      return calls.diagnosed(
        { operation: 'explain', object: spec.object, call, runId: runId ?? '<run id>' },
        async (run) => {
          const { explainWrite } = await import('./operations/explain/explain-write.ts');
          return explainWrite(connection, rejectsUnderFileRoots(spec, limits), rows, run);
        },
      );
    },
    janitor: async (spec = {}, call) => {
      checkWords('janitor', spec);
      return calls.diagnosed({ operation: 'janitor', call }, async (run) => {
        const { janitor } = await import('./operations/janitor.ts');
        return janitor(connection, spec, run);
      });
    },
    [Symbol.asyncDispose]: async () => {
      await calls.close(new ConnectorError('RS_CONN_LOST', 'The connector was closed'), CLOSE_LIMIT_MS);
      try {
        await database[Symbol.asyncDispose]();
      } finally {
        await access[Symbol.asyncDispose]();
      }
    },
  };
}
