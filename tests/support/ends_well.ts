/**
 * Whether a program can be used here.
 *
 * @module
 */

/** Whether `program args` runs and ends in success; what it says is not heard. */
export async function endsWell(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
