/** What was used by day, by project or by kind, as a chart, a table and CSV. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Bars } from "~/components/charts/bars";
import { bucketsOf, spread } from "~/components/charts/buckets";
import { Chart } from "~/components/charts/chart";
import { ChartCard } from "~/components/charts/chart-card";
import { Segmented } from "~/components/fields";
import type { Column } from "~/components/table";
import { bytes, date, duration, number } from "~/i18n";
import { to } from "~/routes";
import { t } from "./messages";

type Row = Schemas["UsageRow"];
type Measure = "minutes" | "exports" | "stored";
const MEASURES: readonly Measure[] = ["minutes", "exports", "stored"];
const GROUPS = ["day", "project", "kind"] as const;
type Group = (typeof GROUPS)[number];
const SPANS = ["30", "90", "365"] as const;
const DAY_MS = 86_400_000;
const SHOWN = 12;

const tenths = (value: number) => number(value, { maximumFractionDigits: 1 });

export function valueOf(row: Row, measure: Measure): number {
  return { minutes: row.source_ms / 60_000, exports: row.exports, stored: row.stored_bytes }[measure];
}

function text(value: number, measure: Measure): string {
  return measure === "stored" ? bytes(value) : tenths(value);
}

const KINDS = ["source_ms", "exports", "export_ms", "stored_bytes", "freed_bytes"] as const;

function kindText(row: Row): { name: string; amount: string } {
  const kind = KINDS.find((one) => one === row.key);
  if (!kind) return { name: row.key, amount: "" };
  const value = row[kind];
  return { name: t(`k_${kind}`), amount: kind.endsWith("_ms") ? duration(value) : kind.endsWith("_bytes") ? bytes(value) : number(value) };
}

function columnsOf(group: Group, titles: Map<string, string>): Column<Row>[] {
  if (group === "kind") return [{ title: t("kind"), cell: (row) => kindText(row).name }, { title: t("amount"), cell: (row) => kindText(row).amount, numeric: true }];
  const first: Column<Row> = group === "day"
    ? { title: t("day"), cell: (row) => date(row.key, { dateStyle: "medium", timeZone: "UTC" }) }
    : { title: t("project"), cell: (row) => <a href={to("projects", row.key)}>{titles.get(row.key) || row.key.slice(0, 8)}</a> };
  return [
    first,
    { title: t("minutes"), cell: (row) => tenths(row.source_ms / 60_000), numeric: true },
    { title: t("m_exports"), cell: (row) => number(row.exports), numeric: true },
    { title: t("length"), cell: (row) => duration(row.export_ms), numeric: true },
    { title: t("stored"), cell: (row) => bytes(row.stored_bytes), numeric: true },
    { title: t("freed"), cell: (row) => bytes(row.freed_bytes), numeric: true },
  ];
}

/** Titles of the newest projects; an older or erased one is named by the beginning of its id. */
function useTitles(group: Group): Map<string, string> {
  const read = useQuery(group === "project" ? "projects/titles" : null, (signal) => call(api.GET("/v1/projects", { params: { query: { limit: 100 } }, signal })));
  return new Map((read.data?.items ?? []).map((one) => [one.project_id, one.title]));
}

export function UsageCard() {
  const [span, setSpan] = useState<(typeof SPANS)[number]>("30");
  const [group, setGroup] = useState<Group>("day");
  const [measure, setMeasure] = useState<Measure>("minutes");
  const titles = useTitles(group);
  const now = Date.now();
  const from = new Date(now - (Number(span) - 1) * DAY_MS).toISOString().slice(0, 10);
  const until = new Date(now).toISOString().slice(0, 10);
  const query = new URLSearchParams({ from, to: until, group });
  const read = useQuery(`usage?${query}`, (signal) =>
    call(api.GET("/v1/usage", { params: { query: { from, to: until, group } }, signal })) as Promise<Schemas["Usage"]>,
  );
  return (
    <>
      <p class="row">
        <Segmented label={t("span")} value={span} choices={SPANS.map((value) => ({ value, label: t("days", { count: Number(value) }) }))} onChange={setSpan} />
        <Segmented label={t("group")} value={group} choices={GROUPS.map((value) => ({ value, label: t(`group_${value}`) }))} onChange={setGroup} />
      </p>
      <ChartCard
        title={t("usage")}
        text={t("usageText")}
        read={read}
        csv={{ path: `/v1/usage?${query}&format=csv`, name: `clipstream-usage-${from}-${until}.csv` }}
        actions={group !== "kind" && <Segmented label={t("measure")} value={measure} choices={MEASURES.map((value) => ({ value, label: t(`m_${value}`) }))} onChange={setMeasure} />}
        rows={(data) => data.items}
        columns={columnsOf(group, titles)}
        keyOf={(row) => row.key}
        chart={(data) =>
          group === "day" ? (
            <Chart
              label={t("usage")}
              kind="bars"
              along={{ times: bucketsOf(Date.parse(from), now, "day"), bucket: "day" }}
              format={(value) => text(value, measure)}
              series={[{ label: t(`m_${measure}`), colour: "--accent", values: spread(bucketsOf(Date.parse(from), now, "day"), data.items, (row) => row.key, (row) => valueOf(row, measure), 0) }]}
            />
          ) : group === "project" ? (
            <Bars
              label={t("usage")}
              bars={[...data.items].sort((a, b) => valueOf(b, measure) - valueOf(a, measure)).slice(0, SHOWN).map((row) => ({ key: row.key, label: titles.get(row.key) || row.key.slice(0, 8), value: valueOf(row, measure), text: text(valueOf(row, measure), measure) }))}
            />
          ) : (
            <dl class="facts">{data.items.map((row) => <><dt key={row.key}>{kindText(row).name}</dt><dd>{kindText(row).amount}</dd></>)}</dl>
          )
        }
      />
    </>
  );
}
