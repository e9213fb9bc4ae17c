/**
 * Asks before something is done that cannot be taken back, or that others notice.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import { Form } from "./form.tsx";
import { Shell, type ShellProps } from "./shell.tsx";

/** What is asked. */
export interface ConfirmPageProps extends Pick<ShellProps, "place" | "session"> {
  readonly question: string;
  /** What will happen, a sentence each. */
  readonly consequences: readonly string[];
  /** What the button says. */
  readonly verb: string;
  readonly dangerous: boolean;
  /** Where the answer is posted. */
  readonly action: string;
  /** Where "Cancel" leads. */
  readonly back: string;
}

/** The page. */
export function ConfirmPage(props: ConfirmPageProps): Child {
  const { question, consequences, verb, dangerous, action, back, place, session } = props;
  return (
    <Shell title={question} place={place} session={session}>
      <section class="card narrow">
        <h1>{question}</h1>
        {consequences.map((text) => <p>{text}</p>)}
        <Form session={session} action={action} class="actions">
          <button type="submit" class={dangerous ? "danger" : ""}>{verb}</button>
          <a class="button second" href={back}>Cancel</a>
        </Form>
      </section>
    </Shell>
  );
}
