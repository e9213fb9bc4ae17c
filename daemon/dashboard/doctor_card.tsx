/**
 * What `authsome doctor` says: every check, and what mends what it found.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { Readiness } from "../../core/api.ts";
import { Badge } from "./badge.tsx";

const CHECKS: Readonly<Record<keyof Readiness["checks"], string>> = {
  config: "Configuration and files",
  schema: "Format of the vault",
  vault: "Vault writes and reads",
  providers: "Provider definitions",
  identity: "Identity",
  connections: "Connections",
  integrity: "Seals of the vault",
  confinement: "Confinement of the daemon",
  egress: "Way out to providers",
};

const OVERALL = {
  ok: { tone: "good", text: "All is well" },
  degraded: { tone: "warning", text: "Works, with limits" },
  unhealthy: { tone: "bad", text: "Broken" },
} as const;

/** The card. */
export function DoctorCard({ readiness }: { readonly readiness: Readiness }): Child {
  const { tone, text } = OVERALL[readiness.status];
  return (
    <section class="card" aria-labelledby="doctor">
      <div class="heading">
        <h2 id="doctor">Doctor</h2>
        <Badge tone={tone}>{text}</Badge>
      </div>
      {readiness.findings.map(({ problem, mend }) => (
        <div class="note warning">
          <p>{problem}</p>
          <p>
            <code>{mend}</code>
          </p>
        </div>
      ))}
      <ul class="checks">
        {Object.entries(readiness.checks).map(([name, state]) => (
          <li>
            <span>{CHECKS[name as keyof Readiness["checks"]] ?? name}</span>
            <Badge tone={state === "ok" ? "good" : "bad"}>{state}</Badge>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** In its place where the checks themselves broke off. */
export function NoDoctorCard(): Child {
  return (
    <section class="card" aria-labelledby="doctor">
      <h2 id="doctor">Doctor</h2>
      <div class="note problem">
        <p>
          The checks broke off. See: <code>authsome daemon logs</code>
        </p>
      </div>
    </section>
  );
}
