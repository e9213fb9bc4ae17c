import { deepEqual, equal } from "node:assert/strict";
import { importLater, packageModule } from "../../core/import_later.ts";

Deno.test("packageModule() finds a module from the root of a checkout", () => {
  equal(
    packageModule("cli/help.ts", "file:///src/authsome/core/import_later.ts"),
    "file:///src/authsome/cli/help.ts",
  );
});

Deno.test("packageModule() finds a module of an installed package", () => {
  equal(
    packageModule("cli/help.ts", "https://example.com/@authsome/cli/1.0.0/core/import_later.ts"),
    "https://example.com/@authsome/cli/1.0.0/cli/help.ts",
  );
});

Deno.test("packageModule() finds a module of a package that was translated to JavaScript", () => {
  equal(
    packageModule("cli/help.ts", "file:///n/node_modules/@authsome/cli/core/import_later.js"),
    "file:///n/node_modules/@authsome/cli/cli/help.js",
  );
});

Deno.test("packageModule() finds a module from a chunk at the root of a bundle", () => {
  equal(packageModule("cli/help.ts", "file:///b/chunk-AB12.js"), "file:///b/cli/help.js");
});

Deno.test("importLater() gives the module", async () => {
  const { VERSION } = await importLater<typeof import("../../core/version.ts")>("core/version.ts");

  deepEqual(typeof VERSION, "string");
});
