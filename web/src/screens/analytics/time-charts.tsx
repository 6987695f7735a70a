/** What changes over time: projects, minutes, cost, times of the stages, failures. */
import { useState } from "preact/hooks";
import { Bars } from "~/components/charts/bars";
import { bucketsOf, ranked, spread } from "~/components/charts/buckets";
import { Chart, PALETTE, timeLabel } from "~/components/charts/chart";
import { ChartCard } from "~/components/charts/chart-card";
import { t as chartWords } from "~/components/charts/messages";
import { Segmented } from "~/components/fields";
import { duration, money, number } from "~/i18n";
import { t } from "./messages";
import { csvOf, stageName, useChart, whatName, type CostRow, type FailureRow, type ProjectsRow, type StageTimeRow, type Window } from "./reads";

/** Colours by rank: a ninth series and those after it share the last one. */
function colour(at: number): string {
  return PALETTE[Math.min(at, PALETTE.length - 1)]!;
}

function along(window: Window) {
  return { times: bucketsOf(window.since, window.until, window.bucket), bucket: window.bucket };
}

const timeColumn = <T extends { at: string }>(window: Window) => ({
  title: chartWords("time"),
  cell: (row: T) => timeLabel(Date.parse(row.at), window.bucket),
});

const whole = (value: number) => number(value, { maximumFractionDigits: 0 });
const tenths = (value: number) => number(value, { maximumFractionDigits: 1 });
const short = (value: number) => (Number.isInteger(value) ? whole(value) : "");

export function ProjectsCards({ window }: { window: Window }) {
  const read = useChart<ProjectsRow>("projects", window);
  const { times, bucket } = along(window);
  const values = (rows: ProjectsRow[], value: (row: ProjectsRow) => number) => spread(times, rows, (row) => row.at, value, 0);
  const shared = { read, csv: csvOf("projects", window), keyOf: (row: ProjectsRow) => row.at };
  return (
    <>
      <ChartCard
        {...shared}
        title={t("projects")}
        text={t("projectsText")}
        rows={(data) => data.items.filter((row) => row.started + row.completed + row.failed + row.cancelled > 0)}
        columns={[
          timeColumn(window),
          { title: t("projectsStarted"), cell: (row) => row.started, numeric: true },
          { title: t("completed"), cell: (row) => row.completed, numeric: true },
          { title: t("failed"), cell: (row) => row.failed, numeric: true },
          { title: t("cancelled"), cell: (row) => row.cancelled, numeric: true },
        ]}
        chart={({ items }) => (
          <Chart
            label={t("projects")}
            kind="bars"
            along={{ times, bucket }}
            format={short}
            series={[
              { label: t("completed"), colour: "--accent", values: values(items, (row) => row.completed) },
              { label: t("failed"), colour: "--warn-ink", values: values(items, (row) => row.failed) },
              { label: t("cancelled"), colour: "--ink-soft", values: values(items, (row) => row.cancelled) },
            ]}
          />
        )}
      />
      <ChartCard
        {...shared}
        title={t("minutes")}
        text={t("minutesText")}
        rows={(data) => data.items.filter((row) => row.minutes > 0)}
        columns={[timeColumn(window), { title: t("minutes"), cell: (row) => tenths(row.minutes), numeric: true }]}
        chart={({ items }) => (
          <Chart label={t("minutes")} kind="bars" along={{ times, bucket }} format={tenths} series={[{ label: t("minutes"), colour: "--face", values: values(items, (row) => row.minutes) }]} />
        )}
      />
    </>
  );
}

export function CostCard({ window }: { window: Window }) {
  const read = useChart<CostRow>("cost", window);
  const currency = read.data?.currency ?? "";
  const used = (rows: CostRow[]) => rows.filter((row) => (currency ? row.money !== null : row.kind === "cpu_ms"));
  const value = (row: CostRow) => (currency ? row.money ?? 0 : row.amount);
  const format = (one: number) => (currency ? money(one, currency) : duration(one));
  return (
    <ChartCard
      title={t("cost")}
      text={read.data && !currency ? t("costNoPrice") : t("costText")}
      read={read}
      csv={csvOf("cost", window)}
      rows={(data) => data.items.filter((row) => row.amount > 0)}
      keyOf={(row) => `${row.at}/${row.stage}/${row.kind}`}
      columns={[
        timeColumn(window),
        { title: t("stage"), cell: (row) => stageName(row.stage) },
        { title: t("kind"), cell: (row) => <code>{row.kind}</code> },
        { title: t("amount"), cell: (row) => whole(row.amount), numeric: true },
        { title: t("money"), cell: (row) => (row.money === null || !currency ? "–" : money(row.money, currency)), numeric: true },
      ]}
      chart={({ items }) => (
        <Chart
          label={t("cost")}
          kind="bars"
          along={along(window)}
          format={format}
          series={ranked(used(items), (row) => row.stage, value).map((group, at) => ({
            label: stageName(group.key),
            colour: colour(at),
            values: spread(along(window).times, group.items, (row) => row.at, value, 0),
          }))}
        />
      )}
    />
  );
}

export function StageTimesCard({ window }: { window: Window }) {
  const read = useChart<StageTimeRow>("stage-times", window);
  const [measure, setMeasure] = useState<"p50" | "p95">("p50");
  const value = (row: StageTimeRow) => (measure === "p50" ? row.p50_ms : row.p95_ms);
  const last = (values: (number | null)[]) => values.findLast((one) => one !== null) ?? 0;
  return (
    <ChartCard
      title={t("stageTimes")}
      text={t("stageTimesText")}
      read={read}
      csv={csvOf("stage-times", window)}
      actions={<Segmented label={t("measure")} value={measure} onChange={setMeasure} choices={[{ value: "p50", label: t("p50") }, { value: "p95", label: t("p95") }]} />}
      rows={(data) => data.items}
      keyOf={(row) => `${row.at}/${row.stage}`}
      columns={[
        timeColumn(window),
        { title: t("stage"), cell: (row) => stageName(row.stage) },
        { title: t("projects"), cell: (row) => row.projects, numeric: true },
        { title: t("p50"), cell: (row) => duration(row.p50_ms), numeric: true },
        { title: t("p95"), cell: (row) => duration(row.p95_ms), numeric: true },
      ]}
      chart={({ items }) => (
        <Chart
          label={t("stageTimes")}
          kind="lines"
          along={along(window)}
          format={duration}
          sum={last}
          series={ranked(items, (row) => row.stage, value).map((group, at) => ({
            label: stageName(group.key),
            colour: colour(at),
            values: spread(along(window).times, group.items, (row) => row.at, value, null),
          }))}
        />
      )}
    />
  );
}

export function FailuresCard({ window }: { window: Window }) {
  const read = useChart<FailureRow>("failures", window);
  return (
    <ChartCard
      title={t("failures")}
      text={t("failuresText")}
      read={read}
      csv={csvOf("failures", window)}
      rows={(data) => data.items}
      keyOf={(row) => `${row.at}/${row.what}/${row.reason}`}
      columns={[
        timeColumn(window),
        { title: t("what"), cell: (row) => whatName(row.what) },
        { title: t("reason"), cell: (row) => <code>{row.reason}</code> },
        { title: t("count"), cell: (row) => row.count, numeric: true },
      ]}
      chart={({ items }) => (
        <>
          <Chart
            label={t("failures")}
            kind="bars"
            along={along(window)}
            format={short}
            series={ranked(items, (row) => row.what, (row) => row.count).map((group, at) => ({
              label: whatName(group.key),
              colour: ["--warn-ink", "--caution-ink", "--shot"][at] ?? colour(at),
              values: spread(along(window).times, group.items, (row) => row.at, (row) => row.count, 0),
            }))}
          />
          <Bars
            label={t("reason")}
            bars={ranked(items, (row) => `${whatName(row.what)}: ${row.reason}`, (row) => row.count).slice(0, 8).map((group) => ({ key: group.key, label: group.key, value: group.sum, bad: group.sum, text: whole(group.sum) }))}
          />
        </>
      )}
    />
  );
}
