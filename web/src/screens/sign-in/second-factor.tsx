/** The second step of a sign-in: the code of an app, a recovery code, or a passkey. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { passkeysPossible } from "~/session/passkey";
import { signInByPasskey } from "./passkey-sign-in";
import { t } from "./messages";

export interface Challenge {
  challenge: string;
  factors: readonly Schemas["SignedIn"]["factors"][number][];
}

export function SecondFactor({ challenge, onSignedIn, onLeave }: {
  challenge: Challenge;
  onSignedIn: () => unknown;
  onLeave: () => void;
}) {
  const has = (factor: Challenge["factors"][number]) => challenge.factors.includes(factor);
  const byPasskey = has("passkey") && passkeysPossible();
  const [recovery, setRecovery] = useState(!has("totp"));
  const [code, setCode] = useState("");
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => root.current?.querySelector<HTMLElement>(byPasskey && !has("totp") ? "button" : "input")?.focus(), [recovery]);

  const sent = useSubmit(async () => {
    const text = code.replace(/\s/g, "");
    const factor = recovery ? { recovery_code: text } : { code: text };
    await call(api.POST("/v1/auth/login/verify", { body: { challenge: challenge.challenge, ...factor, cookies: true } }));
    setCode("");
    await onSignedIn();
  });
  const signed = useSubmit(async () => {
    await signInByPasskey(challenge.challenge);
    await onSignedIn();
  });
  const problem = sent.problem ?? signed.problem;
  const other = recovery ? has("totp") : has("recovery_code");
  return (
    <div ref={root} class="second-factor">
      <h2>{t("secondFactor")}</h2>
      {byPasskey && (
        <Button icon="key" busy={signed.busy} onClick={() => { sent.clear(); return signed.submit(); }}>{t("passkeyFactor")}</Button>
      )}
      <form onSubmit={(event) => { signed.clear(); return sent.submit(event); }}>
        <TextField
          key={recovery ? "recovery" : "app"}
          label={recovery ? t("recoveryCode") : t("code")}
          hint={recovery ? t("recoveryHint") : t("codeHint")}
          value={code}
          onInput={setCode}
          autoComplete={recovery ? "off" : "one-time-code"}
          inputMode={recovery ? undefined : "numeric"}
          maxLength={recovery ? 64 : 12}
          spellcheck={false}
          required
        />
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="form-actions">
          <Button kind="primary" type="submit" busy={sent.busy}>{t("continue")}</Button>
          {other && <Button kind="quiet" onClick={() => { setCode(""); setRecovery(!recovery); }}>{recovery ? t("useApp") : t("useRecovery")}</Button>}
          <Button kind="quiet" onClick={onLeave}>{t("startAgain")}</Button>
        </div>
      </form>
    </div>
  );
}
