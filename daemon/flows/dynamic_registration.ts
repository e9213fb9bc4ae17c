/**
 * Not built yet; takes its place in the register.
 *
 * @module
 */
import { UnsupportedFlowError } from "../../core/errors.ts";
import type { LoginFlow } from "./flow.ts";

/** Refuses until it is built. */
export const dynamicRegistration: LoginFlow = {
  inputs: () => [],
  begin: (login) =>
    Promise.reject(
      new UnsupportedFlowError(`Cannot log in to ${login.provider.name}: OAuth comes next`),
    ),
};
