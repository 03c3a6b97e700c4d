/** What the server is and how it behaves: read once for each opened connector, frozen. */
export interface Capabilities {
  /** As `version()` says it: `1.0.12345`; empty when the server does not name itself Redshift. */
  readonly redshiftVersion: string;
  readonly isServerless: boolean;
  /** Of the database that we are connected to. `unknown` where the server would not say. */
  readonly isolation: 'snapshot' | 'serializable' | 'unknown';
  /** Whether quoted names keep their capitals. */
  readonly caseSensitiveNames: boolean;
  readonly database: string;
  /** The database user, as the server sees it. */
  readonly user: string;
}
