/** The secret of an endpoint: shown once when it is made, and replaced without a loss. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { Button } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { Dialog } from "~/components/dialog";
import { Select } from "~/components/fields";
import { Notice, ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import type { Endpoint, NewEndpoint } from "./endpoint";
import { SIGNINGS } from "./endpoint-form";
import { t } from "./messages";

export function SecretDialog({ made, onClose }: { made: NewEndpoint; onClose: () => void }) {
  return (
    <Dialog title={made.secret ? t("secretShown") : t("publicKey")} onClose={onClose} firm>
      {made.secret ? (
        <>
          <Notice kind="warn"><p>{t("secretOnce")}</p></Notice>
          <CopyField label={t("secret")} value={made.secret} />
        </>
      ) : (
        <>
          <p>{t("publicKeyText")}</p>
          <CopyField label={t("publicKey")} value={made.public_key ?? ""} />
        </>
      )}
      <div class="dialog-actions">
        <Button kind="primary" onClick={onClose}>{made.secret ? t("done") : common("close")}</Button>
      </div>
    </Dialog>
  );
}

const OVERLAPS = ["24", "1", "72", "0"] as const;

export function RotateDialog({ endpoint, onRotated, onClose }: {
  endpoint: Endpoint;
  onRotated: (made: NewEndpoint) => void;
  onClose: () => void;
}) {
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]>("24");
  const [signing, setSigning] = useState<"" | Endpoint["signing"]>("");
  const [problem, setProblem] = useState<unknown>(null);
  const rotate = async () => {
    setProblem(null);
    try {
      const body = { overlap_hours: Number(overlap), signing: signing || null };
      onRotated(await call(api.POST("/v1/webhooks/endpoints/{endpoint_id}/rotate-secret", { params: { path: { endpoint_id: endpoint.endpoint_id } }, body })));
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Dialog title={t("rotate")} onClose={onClose}>
      <p>{t("rotateText")}</p>
      <Select label={t("overlap")} value={overlap} onChange={setOverlap} choices={OVERLAPS.map((value) => ({ value, label: t(`overlap_${value}`) }))} />
      <Select label={t("signing")} value={signing} onChange={setSigning} choices={[{ value: "", label: t("sameSigning") }, ...SIGNINGS()]} />
      {problem !== null && <ProblemNotice problem={problem} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="primary" onClick={rotate}>{t("rotate")}</Button>
      </div>
    </Dialog>
  );
}
