/**
 * The command line, with everything that is loaded for every command named here first; why: see
 * `run_modules.ts`.
 *
 * @module
 */
export { main } from "./main.ts";
// Named first, and loaded with the above anyway:
import "../core/config.ts";
import "../core/errors.ts";
import "../core/import_later.ts";
import "../core/passphrase_rule.ts";
import "../core/paths.ts";
import "../core/secret.ts";
import "../core/suggestion.ts";
import "../core/utc_time.ts";
import "./ascii_text.ts";
import "./can_ask.ts";
import "./client_log.ts";
import "./color.ts";
import "./exit_code.ts";
import "./find_command.ts";
import "./global_options.ts";
import "./mod.ts";
import "./plain_text.ts";
import "./prompt_passphrase.ts";
import "./table.ts";
import "./voice.ts";
import "./wrap_text.ts";
