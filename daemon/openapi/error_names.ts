/**
 * Class name of each error code, as it stands in the `error` field of an answer. Read off the classes
 * themselves, so that the document cannot say another one.
 *
 * @module
 */
import * as errors from "../../core/errors.ts";

/** `provider_not_found` → `ProviderNotFoundError`. */
export const ERROR_NAMES: ReadonlyMap<errors.ErrorCode, string> = new Map(
  Object.values(errors).flatMap((exported) => {
    if (!isErrorClass(exported)) return [];
    const { code, name } = new exported("");
    return [[code, name] as const];
  }),
);

type ErrorClass = new (message: string) => errors.AuthsomeError;

/** The base itself takes a code first and is never answered. */
function isErrorClass(exported: unknown): exported is ErrorClass {
  return typeof exported === "function" && exported.prototype instanceof errors.AuthsomeError;
}
