/** What is done within 30 minutes of a sign-in only: where the last one is older, a dialog asks for one, and it goes on. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { asProblem } from "~/api/problem";
import { SignInForm } from "~/screens/sign-in/form";
import { t } from "~/session/messages";
import { resumeSession, session } from "~/session/session";
import { Dialog } from "~/components/dialog";

interface Waiting {
  again: () => Promise<unknown>;
  done: (value: boolean) => void;
  failed: (error: unknown) => void;
}

export interface FreshSignIn {
  /** Runs it, after a sign-in where one is asked for. False: its person did not sign in. */
  run: (what: () => Promise<unknown>) => Promise<boolean>;
  /** Stands somewhere in the page. */
  dialog: VNode | null;
}

export function useFreshSignIn(): FreshSignIn {
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const run = async (what: () => Promise<unknown>) => {
    try {
      await what();
      return true;
    } catch (error) {
      if (asProblem(error).code !== "sign-in-again") throw error;
    }
    return new Promise<boolean>((done, failed) => setWaiting({ again: what, done, failed }));
  };
  const goOn = async () => {
    const { again, done, failed } = waiting!;
    await resumeSession();
    setWaiting(null);
    await again().then(() => done(true), failed);
  };
  const close = () => {
    waiting?.done(false);
    setWaiting(null);
  };
  const dialog = waiting && (
    <Dialog title={t("again")} onClose={close}>
      <p>{t("againText")}</p>
      <SignInForm above email={session.value?.profile.email} onSignedIn={goOn} />
    </Dialog>
  );
  return { run, dialog };
}
