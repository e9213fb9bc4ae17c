/**
 * Which files a scan reads, which one wins, and what counts as a value.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { readEnvironment } from "../../../cli/scan/environment.ts";

Deno.test("readEnvironment() lets later files win, and the environment over all", async () => {
  await inDirectory({
    ".env": "A=env\nB=env\nC=env\nD=env\n",
    ".env.local": "B=local\nC=local\nD=local\n",
    ".env.staging": "C=staging\n",
    ".env.production": "C=production\nD=production\n",
    ".env.prod.local": "D=prod-local\n",
  }, async (directory) => {
    const { variables, files } = await readEnvironment(directory, { E: "environment", A: "shell" });

    deepEqual(
      Object.fromEntries(
        [...variables].map(([name, { value, source }]) => [name, [value.reveal(), source]]),
      ),
      {
        A: ["shell", "environment"],
        B: ["local", ".env.local"],
        C: ["production", ".env.production"],
        D: ["prod-local", ".env.prod.local"],
        E: ["environment", "environment"],
      },
    );
    deepEqual(files, [
      ".env",
      ".env.local",
      ".env.staging",
      ".env.production",
      ".env.prod.local",
    ]);
  });
});

Deno.test("readEnvironment() reads what people write into .env files", async () => {
  const text = [
    "\ufeffBOM=first",
    "# KEY=comment",
    "export EXPORTED=yes",
    `DOUBLE="two words"`,
    "SINGLE='it # stays'",
    "COMMENTED=value # not this",
    `MULTI="line one`,
    `line two"`,
    "EMPTY=",
    "BLANK=   ",
    "no assignment",
    "EQUALS=a=b=c",
  ].join("\r\n");
  await inDirectory({ ".env": text }, async (directory) => {
    const { variables } = await readEnvironment(directory, {});
    const value = (name: string) => variables.get(name)?.value.reveal();

    deepEqual(
      ["BOM", "EXPORTED", "DOUBLE", "SINGLE", "COMMENTED", "EQUALS"].map(value),
      ["first", "yes", "two words", "it # stays", "value", "a=b=c"],
    );
    equal(value("MULTI")?.startsWith("line one"), true);
    deepEqual(["EMPTY", "BLANK", "KEY"].map(value), [undefined, undefined, undefined]);
  });
});

Deno.test("readEnvironment() passes over examples, backups and placeholders", async () => {
  const names = [".env.example", ".env.sample", ".env.vault", ".env.bak", ".env~", ".envrc"];
  const files = Object.fromEntries(names.map((name) => [name, "A=wrong\n"]));
  await inDirectory({
    ...files,
    ".env": "P=authsome-placeholder-0123456789abcdef\nQ=sk-authsome0123456789abcdef\n",
  }, async (directory) => {
    const { variables, files } = await readEnvironment(directory, { R: "authsome-proxy-managed" });

    deepEqual([files, [...variables.keys()]], [[".env"], []]);
  });
});

Deno.test("readEnvironment() says which file it left out, and waits for no pipe", async () => {
  await inDirectory(
    { ".env": "A=1\n", ".env.huge": "x".repeat((1 << 20) + 1) },
    async (directory) => {
      await new Deno.Command("mkfifo", { args: [`${directory}/.env.pipe`] }).output();
      await Deno.writeFile(
        `${directory}/.env.binary`,
        new Uint8Array([0xff, 0xfe, 0x3d, 0x00, 0x0a]),
      );

      const { variables, problems } = await readEnvironment(directory, {});

      equal(variables.get("A")?.value.reveal(), "1");
      match(problems.join("\n"), /^\.env\.huge was left out: it is larger than 1 MiB$/m);
      match(problems.join("\n"), /^\.env\.pipe was left out: it is not a file$/m);
    },
  );
});

Deno.test("readEnvironment() of a directory that is gone has the environment", async () => {
  const { variables, files } = await readEnvironment("/nonexistent/authsome", { A: "1" });

  deepEqual([files, [...variables.keys()]], [[], ["A"]]);
});

async function inDirectory(
  files: Readonly<Record<string, string>>,
  work: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-scan-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
