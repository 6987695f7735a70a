/** The time in a few numbers. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { ProblemNotice } from "~/components/states";
import { duration, number } from "~/i18n";
import { t } from "./messages";
import type { Window } from "./reads";

export function Tiles({ window }: { window: Window }) {
  const query = { since: new Date(window.since).toISOString(), until: new Date(window.until).toISOString() };
  const read = useQuery(`analytics/summary?${query.since}/${query.until}`, async (signal) =>
    (await call(api.GET("/v1/analytics/summary", { params: { query }, signal }))) as Schemas["Summary"],
  );
  if (read.problem) return <ProblemNotice problem={read.problem} onRetry={read.reload} />;
  const one = read.data;
  const tiles: [string, string | undefined, string?][] = [
    [t("started"), one && number(one.projects_started)],
    [t("completed"), one && number(one.projects_completed), one && one.projects_failed > 0 ? t("exportsFailed", { count: one.projects_failed }) : ""],
    [t("minutes"), one && number(one.minutes_processed, { maximumFractionDigits: 1 })],
    [t("clips"), one && number(one.clips)],
    [t("exports"), one && number(one.exports_completed), one && one.exports_failed > 0 ? t("exportsFailed", { count: one.exports_failed }) : ""],
    [t("cpu"), one && duration(one.cpu_ms)],
  ];
  return (
    <dl class="tiles" aria-label={t("inNumbers")} aria-busy={!one}>
      {tiles.map(([label, value, hint]) => (
        <div key={label} class="card">
          <dt>{label}</dt>
          <dd>{value ?? "–"}{hint && <small>{hint}</small>}</dd>
        </div>
      ))}
    </dl>
  );
}
