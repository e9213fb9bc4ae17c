/**
 * A request on its way out, as the injections see and change it: the target and the raw header lines.
 *
 * @module
 */
import type { HeaderLines } from "../hop_by_hop.ts";

/** What an injection may change. Values are immutable: an injection returns a new one. */
export interface OutgoingRequest extends HeaderLines {
  readonly method: string;
  /** Origin-form: path and query. */
  readonly target: string;
}

/**
 * The request with `name` set to `value`: in place of the first line of that name, all others of it
 * removed; at the end where there was none. Order and case of every other line stay.
 */
export function setHeader(request: OutgoingRequest, name: string, value: string): OutgoingRequest {
  const wanted = name.toLowerCase();
  const line = `${name}: ${value}`;
  const at = request.names.indexOf(wanted);
  if (at < 0) {
    return {
      method: request.method,
      target: request.target,
      lines: request.lines.concat(line),
      names: request.names.concat(wanted),
    };
  }
  const lines: string[] = [];
  const names: string[] = [];
  for (let index = 0; index < request.names.length; index++) {
    const present = request.names[index]!;
    if (present === wanted && index !== at) continue;
    lines.push(index === at ? line : request.lines[index]!);
    names.push(present);
  }
  return { method: request.method, target: request.target, lines, names };
}
