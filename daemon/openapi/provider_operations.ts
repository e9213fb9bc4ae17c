/**
 * Operations on provider definitions.
 *
 * @module
 */
import { z } from "@zod/zod";
import { providerFileSchema } from "../../core/provider_file.ts";
import type { Operation } from "./operation.ts";
import { provider } from "./parameters.ts";
import { providerChange, providerItem, providerList, providerNames } from "./provider_schema.ts";

const item = {
  schema_version: 1,
  name: "acme",
  display_name: "Acme",
  metadata: {},
  auth_type: "api_key",
  flow: "api_key",
  flows: ["api_key"],
  hosts: [{ url: "api.acme.test" }],
  injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
  extra_headers: {},
  fields: [{ name: "api_key", label: "API key", secret: true }],
  env: { ACME_API_KEY: "api_key" },
  alternatives: [],
  source: "bundled",
  overrides_bundled: false,
};

/** What is validated takes `definition` as it is: a definition has a parser of its own. */
const registerProviderBody = z.union([
  z.strictObject({
    definition: providerFileSchema,
    force: z.boolean().optional().describe("Replaces the definition that is there"),
    allow_private: z.boolean().optional().describe("Its hosts may be private or loopback"),
  }),
  providerFileSchema,
]);

/** List, one, register, remove. */
export const PROVIDER_OPERATIONS: readonly Operation[] = [
  {
    id: "listProviders",
    method: "GET",
    path: "/providers",
    tag: "Providers",
    summary: "Every provider definition",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "Bundled and custom ones",
      name: "ProviderList",
      schema: providerList,
      example: { bundled: [item], custom: [] },
    },
    errors: [],
  },
  {
    id: "listProviderNames",
    method: "GET",
    path: "/provider-names",
    tag: "Providers",
    summary: "What a list shows of every provider, without the definitions",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "Bundled and custom ones",
      name: "ProviderNames",
      schema: providerNames,
      example: {
        bundled: [{
          name: "acme",
          display_name: "Acme",
          category: "developer_tools",
          auth_type: "api_key",
          source: "bundled",
        }],
        custom: [],
      },
    },
    errors: [],
  },
  {
    id: "getProvider",
    method: "GET",
    path: "/providers/{provider}",
    tag: "Providers",
    summary: "One provider definition",
    caller: "owner",
    parameters: [provider],
    answer: {
      status: 200,
      type: "application/json",
      description: "The definition in force",
      name: "ProviderItem",
      schema: providerItem,
      example: item,
    },
    errors: ["provider_not_found"],
  },
  {
    id: "registerProvider",
    method: "POST",
    path: "/providers",
    tag: "Providers",
    summary: "Adds a custom provider definition",
    description: "The body may also be the definition itself, without options.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "RegisterProviderRequest",
      schema: registerProviderBody,
      example: {
        definition: {
          name: "intranet",
          display_name: "Intranet",
          auth_type: "api_key",
          hosts: ["api.intranet.example.com"],
          injection: { type: "header", name: "X-Api-Key", value: "{api_key}" },
          fields: [{ name: "api_key", label: "API key", secret: true }],
          env: { INTRANET_API_KEY: "api_key" },
        },
        force: false,
        allow_private: false,
      },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "It is registered",
      name: "ProviderChange",
      schema: providerChange,
      example: { status: "ok", provider: "intranet", action: "registered", warnings: [] },
    },
    errors: ["invalid_provider_definition", "operation_not_allowed", "provider_exists"],
  },
  {
    id: "removeProvider",
    method: "DELETE",
    path: "/providers/{provider}",
    tag: "Providers",
    summary: "Removes a custom definition; a bundled one of that name shows again",
    caller: "owner",
    parameters: [{ ...provider, example: "intranet" }],
    answer: {
      status: 200,
      type: "application/json",
      description: "It is gone, or reset; `unchanged` where nothing hid the bundled one",
      name: "ProviderChange",
      schema: providerChange,
      example: {
        status: "ok",
        provider: "intranet",
        action: "removed",
        connections: 1,
        warnings: [],
      },
    },
    errors: ["operation_not_allowed", "provider_not_found", "vault_conflict"],
  },
];
