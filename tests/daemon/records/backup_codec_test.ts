/**
 * What is inside a backup, checked when it is read: the passphrase says who wrote it, not that it is
 * right.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AuthsomeError } from "../../../core/errors.ts";
import { decodeBackup, encodeBackup } from "../../../daemon/records/backup_codec.ts";
import { exampleBackup } from "../../support/backup_example.ts";

Deno.test("a backup's content comes back as it went in, secrets and dates and all", () => {
  const content = exampleBackup("a", 3);
  const back = decodeBackup(encodeBackup(content));

  assert.deepEqual(back, content);
  assert.equal(back.connections[4]!.secrets["api_key"]!.reveal(), "key-of-a-own-a-c1");
  assert.equal(encodeBackup(back), encodeBackup(content));
});

// deno-lint-ignore no-explicit-any -- written as somebody would who has the passphrase and a text editor
type Plain = any;

const CHANGES: Readonly<Record<string, (data: Plain) => unknown>> = {
  "a field that nobody knows": (data) => data.more = 1,
  "no connections": (data) => delete data.connections,
  "a provider that is no name": (data) => data.connections[0].provider = "a:b",
  "a connection that is no name": (data) => data.connections[0].connection_name = "../x",
  "another schema": (data) => data.connections[0].schema_version = 3,
  "a secret in clear": (data) => data.connections[0].secrets.api_key = "sk-live-plain",
  "a time that is none": (data) => data.connections[0].obtained_at = { $date: "sk-live-never" },
  "a connection twice": (data) => data.connections.push(data.connections[0]),
  "a client twice": (data) => data.clients.push(data.clients[0]),
  "a default twice": (data) => data.defaults.push(data.defaults[0]),
  "a default that is not there": (data) => data.defaults[0].connection = "nobody",
  "a state of what is not there": (data) => data.states[0].connection = "nobody",
  "a definition that is none": (data) => data.definitions[0].hosts = ["http://sk-live"],
  "a definition twice": (data) => data.definitions.push(data.definitions[0]),
  "a list": () => [],
  "nothing": () => null,
};

for (const [name, change] of Object.entries(CHANGES)) {
  Deno.test(`a backup with ${name} is refused whole, and the message holds no value`, () => {
    const data = JSON.parse(encodeBackup(exampleBackup("a", 2)));
    const changed = change(data);
    const text = JSON.stringify(name === "a list" || name === "nothing" ? changed : data);

    assert.throws(() => decodeBackup(text), (error: unknown) => {
      assert.ok(error instanceof AuthsomeError, String(error));
      assert.ok(["invalid_input", "invalid_provider_definition"].includes(error.code), error.code);
      assert.ok(!error.message.includes("sk-live-"), error.message);
      return true;
    });
  });
}

Deno.test("a backup that is no JSON is refused without being quoted", () => {
  assert.throws(() => decodeBackup("{sk-live-1"), /it is not JSON/);
});
