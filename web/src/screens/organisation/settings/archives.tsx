/** Archives of all data: asked for, followed, fetched. */
import { useEffect, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Checkbox } from "~/components/fields";
import { Card } from "~/components/page";
import { Badge, Loading, ProblemNotice, type Tone } from "~/components/states";
import { Table } from "~/components/table";
import { useSubmit } from "~/components/use-submit";
import { bytes, dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { may, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";

type Archive = Schemas["OrganisationArchive"];
const FOLLOW_MS = 3_000;
const TONES: Record<Archive["state"], Tone> = { queued: "neutral", running: "active", done: "good", failed: "bad", expired: "neutral" };

/** The address of the file counts for an hour, so it is asked for when it is wanted. */
async function fetchArchive(archive: Archive): Promise<void> {
  const fresh = await call(api.GET("/v1/organisation/archives/{archive_id}", { params: { path: { archive_id: archive.archive_id } } }));
  if (fresh.url) location.assign(fresh.url);
}

export function Archives() {
  const orgId = session.value?.account?.org_id ?? "";
  const { data, problem, reload } = useQuery(`archives/${orgId}`, (signal) => call(api.GET("/v1/organisation/archives", { signal })));
  const [media, setMedia] = useState(false);
  const isMaking = data?.items.some((one) => one.state === "queued" || one.state === "running") ?? false;
  useEffect(() => {
    if (!isMaking) return undefined;
    const timer = setInterval(reload, FOLLOW_MS);
    return () => clearInterval(timer);
  }, [isMaking, reload]);
  const asking = useSubmit(async () => {
    await call(api.POST("/v1/organisation/archives", { body: { media } }));
    tell(t("asked"));
    reload();
  });
  return (
    <Card title={t("archives")}>
      <p class="lead">{t("archivesText")}</p>
      {may("organisation:write") && (
        <form class="part" onSubmit={asking.submit}>
          <Checkbox label={t("withMedia")} hint={t("withMediaHint")} checked={media} onChange={setMedia} disabled={isMaking} />
          {asking.problem && <ProblemNotice problem={asking.problem} />}
          <Button kind="primary" type="submit" busy={asking.busy} disabled={isMaking}>{t("make")}</Button>
        </form>
      )}
      <div class="part" aria-live="polite">
        {isMaking && <Loading label={t("making")} />}
        {problem && !data ? <ProblemNotice problem={problem} onRetry={reload} /> : !data ? <Loading /> : data.items.length === 0 ? <p class="hint">{t("none")}</p> : (
          <Table
            caption={t("archives")}
            rows={data.items}
            keyOf={(one) => one.archive_id}
            columns={[
              { title: t("time"), cell: (one) => dateTime(one.created_at) },
              { title: t("content"), cell: (one) => (one.media ? t("dataAndMedia") : t("dataOnly")) },
              { title: common("state"), cell: (one) => <div><Badge tone={TONES[one.state]}>{t(one.state)}</Badge>{one.failure_detail && <div class="hint">{one.failure_detail}</div>}</div> },
              { title: t("size"), numeric: true, cell: (one) => (one.size_bytes === null ? "–" : <span title={one.sha256 ? t("checksum", { sum: one.sha256 }) : ""}>{bytes(one.size_bytes)}</span>) },
              { title: t("kept"), cell: (one) => (one.expires_at ? dateTime(one.expires_at) : "–") },
              { title: "", cell: (one) => one.state === "done" && <Button small icon="download" onClick={() => fetchArchive(one)}>{common("download")}</Button> },
            ]}
          />
        )}
      </div>
    </Card>
  );
}
