/**
 * Rewrites `daemon/openapi/swagger_ui.json` from the npm package of Swagger UI:
 *
 *     deno task swagger_ui
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

/** The parts of the npm package that are carried. */
export interface SwaggerUiFiles {
  readonly script: string;
  readonly style: string;
  /** Licence of the package, its notice, and the notices of what its script is made of. */
  readonly notices: string;
}

/** The parts as the npm package has them. */
export async function swaggerUiFiles(): Promise<SwaggerUiFiles> {
  const [script, style, ...notices] = await Promise.all([
    import("npm:swagger-ui-dist@5.35.0/swagger-ui-bundle.js", { with: { type: "text" } }),
    import("npm:swagger-ui-dist@5.35.0/swagger-ui.css", { with: { type: "text" } }),
    import("npm:swagger-ui-dist@5.35.0/NOTICE", { with: { type: "text" } }),
    import("npm:swagger-ui-dist@5.35.0/swagger-ui-bundle.js.LICENSE.txt", {
      with: { type: "text" },
    }),
    import("npm:swagger-ui-dist@5.35.0/LICENSE", { with: { type: "text" } }),
  ]);
  return {
    script: withoutSourceMap(script.default),
    style: withoutSourceMap(style.default),
    notices: notices.map((notice) => notice.default).join("\n\n"),
  };
}

/** The maps are not carried: a link to one is a 404 in the console. */
function withoutSourceMap(text: string): string {
  return text.replace(/\n?(?:\/\/|\/\*)# sourceMappingURL=\S+(?: ?\*\/)?\s*$/, "\n");
}

async function main(): Promise<void> {
  const { script, style, notices } = await swaggerUiFiles();
  const text = JSON.stringify(
    {
      name: "swagger-ui-dist",
      version: SWAGGER_UI_VERSION,
      license: "Apache-2.0; Copyright 2020-2021 SmartBear Software Inc.",
      script_gzip: pack(script),
      style_gzip: pack(style),
      notices_gzip: pack(notices),
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
