/** Projects at work in which nothing moves. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Select } from "~/components/fields";
import { Empty, Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { ago, dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { session } from "~/session/session";
import { t } from "./messages";

const MINUTES = ["5", "15", "60", "360"] as const;

export function Stuck() {
  const [minutes, setMinutes] = useState<"" | (typeof MINUTES)[number]>("");
  const read = useQuery(`admin/stuck?${minutes}`, (signal) => call(api.GET("/v1/admin/stuck", { params: { query: { minutes: minutes ? Number(minutes) : undefined } }, signal })));
  const own = session.value?.account?.org_id;
  return (
    <>
      <div class="operator-filters">
        <Select label={t("least")} value={minutes} onChange={setMinutes} choices={[{ value: "", label: t("watchdog") }, ...MINUTES.map((value) => ({ value, label: t("minutes", { count: Number(value) }) }))]} />
      </div>
      {!read.data && (read.problem ? <ProblemNotice problem={read.problem} onRetry={read.reload} /> : <Loading />)}
      {read.data?.items.length === 0 && <Empty icon="check" title={t("noStuck")}><p>{t("noStuckText")}</p></Empty>}
      {read.data && read.data.items.length > 0 && (
        <Table
          caption={t("stuck")}
          rows={read.data.items}
          keyOf={(one) => one.project_id}
          columns={[
            { title: t("project"), cell: (one) => (one.org_id === own ? <a href={to("projects", one.project_id)}><code>{one.project_id}</code></a> : <code>{one.project_id}</code>) },
            { title: t("organisation"), cell: (one) => <code>{one.org_id}</code> },
            { title: common("state"), cell: (one) => one.state },
            { title: t("stillSince"), cell: (one) => <time dateTime={one.still_since} title={dateTime(one.still_since)}>{ago(one.still_since)}</time> },
            { title: t("openStages"), cell: (one) => one.stages.join(", ") || t("eventLost") },
            { title: t("waitsFor"), cell: (one) => one.waits_for ?? "–" },
          ]}
        />
      )}
    </>
  );
}
