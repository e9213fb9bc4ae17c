/**
 * `authsome run`, with everything that is loaded for it before the daemon is asked named here first.
 *
 * For every module that Deno loads it looks up where it was named first, and keeps the parsed source
 * map of the file that did for as long as the process lives: three times that file's size. A run goes
 * on for days, so one short file names them all (docs/benchmarks.md, "Idle memory"). A test holds the
 * list to what is imported.
 *
 * @module
 */
export { run } from "./run.ts";
// Named first, and loaded with the above anyway:
import "../client/client_config.ts";
import "../client/daemon_answer.ts";
import "../client/daemon_client.ts";
import "../client/daemon_state.ts";
import "../client/deadlines.ts";
import "../client/event_stream.ts";
import "../client/find_daemon.ts";
import "../client/handle.ts";
import "../client/health_challenge.ts";
import "../client/home.ts";
import "../client/http_reader.ts";
import "../client/identity.ts";
import "../client/launch.ts";
import "../client/loopback_http.ts";
import "../client/loopback_url.ts";
import "../client/owner_client.ts";
import "../client/private_file.ts";
import "../client/run_identity.ts";
import "../client/run_key.ts";
import "../client/signing_key.ts";
import "../client/transport.ts";
import "../core/base64url.ts";
import "../core/boot.ts";
import "../core/did_key.ts";
import "../core/grant.ts";
import "../core/home_audit.ts";
import "../core/host_pattern.ts";
import "../core/proof.ts";
import "../core/proof_claims.ts";
import "../core/provider.ts";
import "../core/regex_cost.ts";
import "../core/sha256.ts";
import "../proxy/connect_to.ts";
import "../proxy/fault_teller.ts";
import "./child_process.ts";
import "./read_scopes.ts";
import "./run_behind_proxy.ts";
import "./signal_forwarder.ts";
import "./survive_faults.ts";
