/**
 * A form that posts with its session's token, without which nothing is taken.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { DashboardSession } from "../middleware/dashboard_sessions.ts";

/** A form's surroundings. */
export interface FormProps {
  readonly session: DashboardSession;
  readonly action: string;
  readonly class?: string;
  /** Sent along. */
  readonly values?: Readonly<Record<string, string>>;
  readonly children?: Child;
}

/** The element. */
export function Form(
  { session, action, class: className, values = {}, children }: FormProps,
): Child {
  return (
    <form method="post" action={action} class={className} autocomplete="off">
      <input type="hidden" name="form_token" value={session.form_token} />
      {Object.entries(values).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {children}
    </form>
  );
}
