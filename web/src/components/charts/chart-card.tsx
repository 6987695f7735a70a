/** A card with a chart, the same as a table, and as CSV from the server. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { saveText } from "~/api/download";
import type { Query } from "~/api/query";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Loading, ProblemNotice } from "~/components/states";
import { Table, type Column } from "~/components/table";
import { t } from "./messages";
import "./charts.css";

export function ChartCard<T, R>({ title, text, read, rows, columns, keyOf, chart, csv, actions }: {
  title: string;
  text?: ComponentChildren;
  read: Query<T> & { reload: () => void };
  /** What the table lists; where it is empty there is nothing to draw. */
  rows: (data: T) => R[];
  columns: Column<R>[];
  keyOf: (row: R) => string;
  chart: (data: T) => ComponentChildren;
  /** Path of the same answer as CSV, and the name of the file. */
  csv: { path: string; name: string };
  actions?: ComponentChildren;
}) {
  const [asTable, setAsTable] = useState(false);
  const data = read.data;
  const listed = data === undefined ? [] : rows(data);
  const filled = listed.length > 0;
  return (
    <Card
      title={title}
      actions={
        <>
          <Button small aria-pressed={asTable} icon="list" disabled={!filled} onClick={() => setAsTable(!asTable)}>{t("asTable")}</Button>
          <Button small icon="download" disabled={!filled} onClick={() => saveText(csv.path, csv.name)}>CSV</Button>
        </>
      }
    >
      {text && <p class="hint">{text}</p>}
      {actions && filled && <p>{actions}</p>}
      {read.problem ? (
        <ProblemNotice problem={read.problem} onRetry={read.reload} />
      ) : data === undefined ? (
        <div class="chart-none"><Loading /></div>
      ) : !filled ? (
        <p class="chart-none">{t("nothing")}</p>
      ) : asTable ? (
        <div class="chart-table"><Table caption={title} columns={columns} rows={listed} keyOf={keyOf} /></div>
      ) : (
        chart(data)
      )}
    </Card>
  );
}
