/** The secret of an authenticator app as a QR code, and the first code that the app shows. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { qrRows } from "~/components/account/qr";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import { t } from "./messages";

export function EnrolApp({ enrolment, onEnrolled, onClose }: {
  enrolment: Schemas["TotpEnrolment"];
  onEnrolled: (codes: Schemas["RecoveryCodes"]) => void;
  onClose: () => void;
}) {
  const [code, setCode] = useState("");
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector<HTMLElement>("input:not([readonly])")?.focus(), []);
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    onEnrolled(await call(api.POST("/v1/account/totp/confirm", { body: { code: code.replace(/\s/g, "") } })));
  });
  return (
    <Dialog title={t("scan")} onClose={onClose}>
      <form ref={form} onSubmit={submit}>
        <div class="enrol">
          <QrCode text={enrolment.uri} label={t("qrLabel")} />
          <div>
            <p>{t("scanText")}</p>
            <a href={enrolment.uri}>{t("openApp")}</a>
          </div>
        </div>
        <CopyField label={t("secret")} value={enrolment.secret} />
        <TextField label={t("code")} value={code} onInput={setCode} autoComplete="one-time-code" inputMode="numeric" maxLength={12} error={wrong("/code")} required />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{t("finish")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function QrCode({ text, label }: { text: string; label: string }) {
  const rows = qrRows(text);
  const path = rows.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path d={path} fill="currentColor" />
    </svg>
  );
}
