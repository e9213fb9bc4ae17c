import { deepEqual, throws } from "node:assert/strict";
import { readValues } from "../../cli/stdin_values.ts";
import type { InputField } from "../../core/api.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";

const KEY: InputField = {
  name: "api_key",
  label: "API key",
  secret: true,
  required: true,
  env: ["ACME_API_KEY"],
};
const ID: InputField = { name: "account", label: "Account", secret: false, required: true };
const REGION: InputField = { name: "region", label: "Region", secret: false, required: false };

const READ: readonly (readonly [
  name: string,
  input: string,
  fields: readonly InputField[],
  values: Readonly<Record<string, string>>,
])[] = [
  ["one line for one field", "sk-1\n", [KEY], { api_key: "sk-1" }],
  ["one line with a Windows line end", "sk-1\r\n", [KEY], { api_key: "sk-1" }],
  ["a key that holds an equals sign", "abc=def==\n", [KEY], { api_key: "abc=def==" }],
  ["a key that begins with a brace", "{not json", [KEY], { api_key: "{not json" }],
  ["one line beside an optional field", "sk-1", [KEY, REGION], { api_key: "sk-1" }],
  ["a named line", "api_key=sk-1", [KEY], { api_key: "sk-1" }],
  ["the variable's name", "export ACME_API_KEY='sk-1'\n", [KEY], { api_key: "sk-1" }],
  ["several lines", "account=7\napi_key=sk-1\n", [KEY, ID], { account: "7", api_key: "sk-1" }],
  [
    "a JSON object",
    `{"account": "7", "api_key": "sk-1", "region": "eu"}`,
    [KEY, ID, REGION],
    { account: "7", api_key: "sk-1", region: "eu" },
  ],
];

for (const [name, input, fields, expected] of READ) {
  Deno.test(`readValues() reads ${name}`, () => {
    const values = readValues(new Secret(input), fields);

    const revealed = Object.entries(values).map(([field, value]) => [field, value.reveal()]);
    deepEqual(Object.fromEntries(revealed), expected);
  });
}

const REFUSED: readonly (readonly [string, string, readonly InputField[]])[] = [
  ["two lines for one field", "sk-1\nsk-2\n", [KEY]],
  ["one line for two fields", "sk-1\n", [KEY, ID]],
  ["a name that is not asked for", "account=7\napi_key=sk-1\ncolor=red", [KEY, ID]],
  ["a key in base64 where two values are wanted", "c2stMQsk==", [KEY, ID]],
  ["a key as the name of a JSON object", `{"c2stMQsk": "x"}`, [KEY, ID]],
  ["a missing value", "api_key=sk-1", [KEY, ID]],
  ["an empty value", "account=\napi_key=sk-1", [KEY, ID]],
  ["a JSON object without the value", `{"region": "eu"}`, [KEY, REGION]],
];

for (const [name, input, fields] of REFUSED) {
  Deno.test(`readValues() refuses ${name}, without repeating it`, () => {
    throws(
      () => readValues(new Secret(input), fields),
      (error) => error instanceof InvalidInputError && !/sk-|c2stMQ/.test(`${error} ${error.hint}`),
    );
  });
}
