/**
 * Programs that a directory's mode refuses, also where the tests are run by root.
 *
 * @module
 */
import { isAvailable, OPTIONAL_PROGRAMS } from "./optional_programs.ts";

const IS_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;
const SETPRIV = OPTIONAL_PROGRAMS.find(({ name }) => name === "setpriv")!;

/** Whether a program can be refused here; a test without is skipped. */
export const CAN_BE_REFUSED: boolean = Deno.build.os !== "windows" &&
  (!IS_ROOT || await isAvailable(SETPRIV));

/** Goes in front of a program: root writes everywhere unless it gives up what lets it. */
export const WITHOUT_OVERRIDE: readonly string[] = IS_ROOT
  ? ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
  : [];
