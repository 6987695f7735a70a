/** What an organisation made, how long it took, what it cost and what failed, over a time of one's choice. */
import { useMemo } from "preact/hooks";
import { useLocation } from "preact-iso";
import { Segmented, TextField } from "~/components/fields";
import { Page } from "~/components/page";
import { to } from "~/routes";
import { LengthsCard, TemplatesCard } from "./clip-charts";
import { t } from "./messages";
import { RANGES, dayOf, mayBeHourly, queryOf, rangeOf, windowOf, type Range } from "./range";
import { Tiles } from "./tiles";
import { CostCard, FailuresCard, ProjectsCards, StageTimesCard } from "./time-charts";
import "./analytics.css";

function RangeChoice({ range, onChange }: { range: Range; onChange: (range: Range) => void }) {
  return (
    <div class="range-choice">
      <Segmented
        label={t("range")}
        value={range.name}
        choices={[...RANGES, "own" as const].map((value) => ({ value, label: t(`range_${value}`) }))}
        onChange={(name) => onChange({ ...range, name, bucket: name === "1d" ? "hour" : mayBeHourly({ ...range, name }) ? range.bucket : "day" })}
      />
      <Segmented
        label={t("bucket")}
        value={range.bucket}
        choices={(["hour", "day"] as const).map((value) => ({ value, label: t(`bucket_${value}`), disabled: value === "hour" && !mayBeHourly(range) }))}
        onChange={(bucket) => onChange({ ...range, bucket })}
      />
      {range.name === "own" && (
        <div class="own-range">
          <TextField label={t("from")} type="date" value={range.from} max={range.until} onInput={(from) => onChange({ ...range, from })} />
          <TextField label={t("until")} type="date" value={range.until} min={range.from} max={dayOf(Date.now())} onInput={(until) => onChange({ ...range, until })} />
        </div>
      )}
    </div>
  );
}

export default function Analytics() {
  const { query, route } = useLocation();
  const range = rangeOf(query);
  const address = queryOf(range);
  const window = useMemo(() => ({ ...windowOf(range, Date.now()), bucket: range.bucket }), [address]);
  return (
    <Page title={t("title")} lead={t("lead")}>
      <RangeChoice range={range} onChange={(next) => route(to("analytics") + queryOf(next), true)} />
      <Tiles window={window} />
      <div class="charts">
        <ProjectsCards window={window} />
        <CostCard window={window} />
        <StageTimesCard window={window} />
        <TemplatesCard window={window} />
        <LengthsCard window={window} />
        <FailuresCard window={window} />
      </div>
    </Page>
  );
}
