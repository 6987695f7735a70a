/** A table that becomes a list of cards on a narrow screen; sorted and paged by the server. */
import type { ComponentChildren } from "preact";
import type { Pages } from "~/api/pages";
import { common } from "~/i18n/common";
import { Button } from "./button";
import { Loading, ProblemNotice } from "./states";

export interface Column<T> {
  /** Name of the column; empty for one of buttons. */
  title: string;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand at the end. */
  numeric?: boolean;
}

export function Table<T>({ caption, columns, rows, keyOf }: {
  /** What the table lists, for who cannot see it. */
  caption: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
}) {
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={column.numeric ? "numeric" : ""}>
                {column.title || <span class="visually-hidden">{common("actions")}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.title} data-title={column.title} class={column.numeric ? "numeric" : ""}>{column.cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A paged list with its states: loading, refused, empty, and a button for more. */
export function PagedTable<T>({ pages, empty, ...table }: {
  pages: Pages<T>;
  empty: ComponentChildren;
  caption: string;
  columns: Column<T>[];
  keyOf: (row: T) => string;
}) {
  if (pages.problem && pages.items.length === 0) return <ProblemNotice problem={pages.problem} onRetry={pages.reload} />;
  if (pages.items.length === 0) return pages.loading ? <Loading /> : <>{empty}</>;
  return (
    <>
      <Table {...table} rows={pages.items} />
      {pages.problem && <ProblemNotice problem={pages.problem} onRetry={pages.more} />}
      {pages.hasMore && (
        <p class="more">
          <Button busy={pages.loading} onClick={pages.more}>{common("more")}</Button>
        </p>
      )}
    </>
  );
}
