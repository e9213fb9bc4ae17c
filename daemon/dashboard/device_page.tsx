/**
 * The page of a device login: the code, and where to type it (RFC 8628 section 3.3). It asks for
 * itself again until the login is over.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { DeviceCode } from "../broker/login_session.ts";
import { outsideAddress } from "./addresses.ts";
import { Layout } from "./layout.tsx";

/** The page. */
export function DevicePage(
  { provider, device }: { readonly provider: string; readonly device: DeviceCode },
): Child {
  return (
    <Layout title={`Log in to ${provider}`} refresh={{ seconds: 4 }}>
      <p>Enter this code at {provider}:</p>
      <span class="code">{device.user_code}</span>
      <p>
        <a
          class="button"
          href={outsideAddress(device.verification_uri_complete ?? device.verification_uri) ??
            undefined}
          target="_blank"
          rel="noopener noreferrer"
        >
          Open {provider}
        </a>
      </p>
      <p class="quiet">
        Or go to <code>{device.verification_uri}</code>{" "}
        on any device. This page notices when you are done.
      </p>
    </Layout>
  );
}
