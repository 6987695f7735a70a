/** Clips by caption template and by length, over the whole time. */
import { Bars } from "~/components/charts/bars";
import { Chart } from "~/components/charts/chart";
import { ChartCard } from "~/components/charts/chart-card";
import { duration, number } from "~/i18n";
import { t } from "./messages";
import { csvOf, useChart, type LengthRow, type TemplateRow, type Window } from "./reads";

function templateName(row: TemplateRow): string {
  return row.template || t("noTemplate");
}

export function TemplatesCard({ window }: { window: Window }) {
  const read = useChart<TemplateRow>("clips-by-template", window);
  return (
    <ChartCard
      title={t("templates")}
      text={t("templatesText")}
      read={read}
      csv={csvOf("clips-by-template", window)}
      rows={(data) => data.items}
      keyOf={(row) => `${row.template}/${row.aspect}`}
      columns={[
        { title: t("template"), cell: templateName },
        { title: t("aspect"), cell: (row) => row.aspect },
        { title: t("files"), cell: (row) => row.exports, numeric: true },
        { title: t("failed"), cell: (row) => row.failed, numeric: true },
        { title: t("length"), cell: (row) => duration(row.seconds * 1000), numeric: true },
      ]}
      chart={({ items }) => (
        <Bars
          label={t("templates")}
          bars={[...items].sort((a, b) => b.exports - a.exports).map((row) => ({
            key: `${row.template}/${row.aspect}`,
            label: `${templateName(row)} · ${row.aspect}`,
            value: row.exports,
            bad: row.failed,
            text: number(row.exports),
          }))}
        />
      )}
    />
  );
}

export function lengthLabel(row: LengthRow): string {
  return row.to_s === null ? t("lengthOpen", { from: row.from_s }) : t("lengthRange", { from: row.from_s, until: row.to_s });
}

export function LengthsCard({ window }: { window: Window }) {
  const read = useChart<LengthRow>("clips-by-length", window);
  return (
    <ChartCard
      title={t("lengths")}
      text={t("lengthsText")}
      read={read}
      csv={csvOf("clips-by-length", window)}
      rows={(data) => (data.items.some((row) => row.clips > 0) ? data.items : [])}
      keyOf={(row) => String(row.from_s)}
      columns={[{ title: t("length"), cell: lengthLabel }, { title: t("clips"), cell: (row) => row.clips, numeric: true }]}
      chart={({ items }) => (
        <Chart
          label={t("lengths")}
          kind="bars"
          along={{ names: items.map((row) => (row.to_s === null ? `${row.from_s}+` : `${row.from_s}–${row.to_s}`)) }}
          format={(value) => (Number.isInteger(value) ? number(value) : "")}
          series={[{ label: t("clips"), colour: "--shot", values: items.map((row) => row.clips) }]}
        />
      )}
    />
  );
}
