/**
 * Rewrites `daemon/openapi/swagger_ui.json` from the npm package of Swagger UI:
 *
 *     deno task swagger-ui
 *
 * The product does not depend on the package (docs/adr/0007-openapi-and-swagger-ui.md): it carries
 * the two files that the page needs, packed, and the licence they come under.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { say } from "./narrator.ts";

/** The version that is carried; the imports below name the same. */
export const SWAGGER_UI_VERSION = "5.35.0";

/** Script and style as the npm package has them, in front of both the licence they come under. */
export async function swaggerUiFiles(): Promise<{ script: string; style: string }> {
  const [script, style] = await Promise.all([
    import("npm:swagger-ui-dist@5.35.0/swagger-ui-bundle.js", { with: { type: "text" } }),
    import("npm:swagger-ui-dist@5.35.0/swagger-ui.css", { with: { type: "text" } }),
  ]);
  return { script: withoutSourceMap(script.default), style: withoutSourceMap(style.default) };
}

/** The maps are not carried: a link to one is a 404 in the console. */
function withoutSourceMap(text: string): string {
  return text.replace(/\n?(?:\/\/|\/\*)# sourceMappingURL=\S+(?: ?\*\/)?\s*$/, "\n");
}

async function main(): Promise<void> {
  const { script, style } = await swaggerUiFiles();
  const text = JSON.stringify(
    {
      name: "swagger-ui-dist",
      version: SWAGGER_UI_VERSION,
      license: "Apache-2.0; Copyright 2020-2021 SmartBear Software Inc.",
      script_gzip: pack(script),
      style_gzip: pack(style),
    },
    null,
    2,
  );
  const target = new URL("../../daemon/openapi/swagger_ui.json", import.meta.url);
  Deno.writeTextFileSync(target, `${text}\n`);
  say(`swagger-ui-dist ${SWAGGER_UI_VERSION}: ${text.length} bytes`);
}

function pack(text: string): string {
  return gzipSync(text, { level: 9 }).toString("base64");
}

if (import.meta.main) await main();
