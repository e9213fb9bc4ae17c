/**
 * Where everything lies below the home, `~/.authsome` or `AUTHSOME_HOME`.
 *
 * `client/` belongs to the command line and is out of the daemon's reach; `server/` is the only
 * place the daemon may read and write.
 *
 * @module
 */

/** Absolute paths below one home. */
export interface HomePaths {
  readonly home: string;
  readonly client: {
    readonly dir: string;
    readonly config: string;
    readonly identities: string;
    readonly logs: string;
    readonly log: string;
    /** What `restore` replaced, sealed; made when there is something to keep. */
    readonly backups: string;
  };
  readonly server: {
    readonly dir: string;
    readonly config: string;
    readonly masterKey: string;
    readonly vault: string;
    readonly registrationToken: string;
    readonly providers: string;
    readonly logs: string;
    readonly daemonLog: string;
    readonly auditLog: string;
    readonly daemon: string;
    readonly pid: string;
    readonly state: string;
    readonly lock: string;
    readonly replay: string;
  };
}

/** The paths below `home`, which is absolute and has no trailing slash. */
export function homePaths(home: string): HomePaths {
  const client = `${home}/client`;
  const server = `${home}/server`;
  return {
    home,
    client: {
      dir: client,
      config: `${client}/config.json`,
      identities: `${client}/identities`,
      logs: `${client}/logs`,
      log: `${client}/logs/authsome.log`,
      backups: `${client}/backups`,
    },
    server: {
      dir: server,
      config: `${server}/config.json`,
      masterKey: `${server}/master.key`,
      vault: `${server}/vault.db`,
      registrationToken: `${server}/registration.token`,
      providers: `${server}/providers`,
      logs: `${server}/logs`,
      daemonLog: `${server}/logs/daemon.log`,
      auditLog: `${server}/logs/audit.log`,
      daemon: `${server}/daemon`,
      pid: `${server}/daemon/daemon.pid`,
      state: `${server}/daemon/daemon.json`,
      lock: `${server}/daemon/daemon.lock`,
      replay: `${server}/daemon/replay.log`,
    },
  };
}
