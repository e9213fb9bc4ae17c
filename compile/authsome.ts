/**
 * Entry of the compiled `authsome`. `cli.ts` finds the commands by an address it computes, which a
 * compiled program cannot hold; this names them.
 *
 * @module
 */
import { main } from "../cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
