import { deepEqual, equal } from "node:assert/strict";
import { Voice } from "../../cli/voice.ts";
import { ProviderNotFoundError } from "../../core/errors.ts";

/** A voice that speaks into two texts. */
function listen({ json = false, quiet = false, columns = null as number | null } = {}) {
  const heard = { stdout: "", stderr: "" };
  const into = (name: keyof typeof heard) => {
    const decoder = new TextDecoder();
    return {
      writeSync(bytes: Uint8Array) {
        const part = bytes.subarray(0, 5); // a pipe may take only some of it
        heard[name] += decoder.decode(part, { stream: true });
        return part.length;
      },
    };
  };
  const voice = new Voice({
    json,
    quiet,
    stdout: into("stdout"),
    stderr: into("stderr"),
    color: { stdout: false, stderr: false },
    columns: () => columns,
  });
  return { voice, heard };
}

const ERROR = new ProviderNotFoundError("Cannot find gihtub: there is no such provider", {
  provider: "gihtub",
  hint: "Did you mean: github",
});

Deno.test("Voice keeps stdout for the result", () => {
  const { voice, heard } = listen();

  voice.note("a note");
  voice.warning("a warning", "a hint");
  voice.result({ a: 1 }, () => "the result");

  deepEqual(heard, { stdout: "the result\n", stderr: "a note\nwarning: a warning\n  → a hint\n" });
});

Deno.test("Voice says an error in words: what, then what to do", () => {
  const { voice, heard } = listen();

  voice.error(ERROR);

  deepEqual(heard, {
    stdout: "",
    stderr: "error: Cannot find gihtub: there is no such provider\n  → Did you mean: github\n",
  });
});

Deno.test("Voice says an error in words where stdout takes no JSON: that may be the error", () => {
  let said = "";
  const voice = new Voice({
    json: true,
    quiet: false,
    stdout: {
      writeSync() {
        throw new Error("No space left on device (os error 28)");
      },
    },
    stderr: {
      writeSync(bytes) {
        said += new TextDecoder().decode(bytes);
        return bytes.length;
      },
    },
    color: { stdout: false, stderr: false },
    columns: () => null,
  });

  voice.error(ERROR);

  equal(
    said,
    "error: Cannot find gihtub: there is no such provider\n  → Did you mean: github\n",
  );
});

Deno.test("Voice puts an error on stdout with --json, v first", () => {
  const { voice, heard } = listen({ json: true });

  voice.error(ERROR);

  deepEqual(Object.entries(JSON.parse(heard.stdout)), [
    ["v", 1],
    ["error", "ProviderNotFoundError"],
    ["message", "Cannot find gihtub: there is no such provider"],
    ["provider", "gihtub"],
    ["hint", "Did you mean: github"],
  ]);
  equal(heard.stderr, "");
});

Deno.test("Voice prints one object with --json, indented by two", () => {
  const { voice, heard } = listen({ json: true });

  voice.result({ a: 1 }, () => "not this");

  equal(heard.stdout, '{\n  "v": 1,\n  "a": 1\n}\n');
});

Deno.test("Voice with --quiet drops notes, and nothing that must be seen", () => {
  const { voice, heard } = listen({ quiet: true });

  voice.note("a note");
  voice.instruct("open this page");
  voice.warning("careful");

  equal(heard.stderr, "open this page\nwarning: careful\n");
});

Deno.test("Voice strips what would drive the terminal out of words from elsewhere", () => {
  const { voice, heard } = listen();

  voice.error(new ProviderNotFoundError("Cannot\x1b]52;c;ZXZpbA==\x07 go", { hint: "a\x1b[2Jb" }));

  equal(heard.stderr, "error: Cannot]52;c;ZXZpbA== go\n  → a[2Jb\n");
});

Deno.test("Voice draws the live line again below what is said meanwhile", () => {
  const { voice, heard } = listen({ columns: 20 });

  voice.status("waiting");
  voice.note("news");
  voice.status(null);

  equal(heard.stderr, "waiting\r\x1b[2Knews\nwaiting\r\x1b[2K");
});

Deno.test("Voice cuts the live line where the terminal ends", () => {
  const { voice, heard } = listen({ columns: 10 });

  voice.status("a rather long status line");

  equal(heard.stderr, "a rather…");
});

Deno.test("Voice falls silent when the reader of stdout has gone", () => {
  let writes = 0;
  const broken = {
    writeSync(): number {
      writes++;
      throw new Deno.errors.BrokenPipe();
    },
  };
  const voice = new Voice({
    json: false,
    quiet: false,
    stdout: broken,
    stderr: broken,
    color: { stdout: false, stderr: false },
    columns: () => null,
  });

  voice.raw("a");
  voice.raw("b");
  voice.note("c");

  equal(voice.isClosed, true);
  equal(writes, 2);
});
