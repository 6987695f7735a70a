/** Filters of the projects; they stand in the address, so that back and a bookmark work. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "~/components/button";
import { Icon } from "~/components/icon";
import { t } from "./messages";
import { isFiltered, STATES, type Filters, type Order, type State } from "./model";

const TYPING_MS = 300;

export function FilterBar({ filters, tags, onChange }: {
  filters: Filters;
  /** Tags to propose. */
  tags: readonly string[];
  /** `replace`: a next letter of the same search takes the place of the last in the history. */
  onChange: (next: Filters, replace: boolean) => void;
}) {
  const [typed, setTyped] = useState({ q: filters.q, tag: filters.tag });
  const newest = useRef({ filters, onChange });
  newest.current = { filters, onChange };
  useEffect(() => setTyped({ q: filters.q, tag: filters.tag }), [filters.q, filters.tag]);
  useEffect(() => {
    const { filters: now } = newest.current;
    if (typed.q.trim() === now.q && typed.tag.trim() === now.tag) return undefined;
    const timer = setTimeout(() => {
      const old = newest.current.filters;
      newest.current.onChange({ ...old, q: typed.q.trim(), tag: typed.tag.trim() }, isFiltered(old));
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <form class="filters" role="search" aria-label={t("filters")} onSubmit={(event) => event.preventDefault()}>
      <label class="filter-find">
        <Icon name="search" size={18} />
        <input type="search" aria-label={t("find")} placeholder={t("findHint")} maxLength={200} value={typed.q} onInput={(event) => setTyped({ ...typed, q: event.currentTarget.value })} />
      </label>
      <select aria-label={t("anyState")} value={filters.state} onChange={(event) => onChange({ ...filters, state: event.currentTarget.value as State | "" }, false)}>
        <option value="">{t("anyState")}</option>
        {STATES.map((one) => <option key={one} value={one}>{t(one)}</option>)}
      </select>
      <input class="filter-tag" aria-label={t("tag")} placeholder={t("anyTag")} list="known-tags" maxLength={40} value={typed.tag} onInput={(event) => setTyped({ ...typed, tag: event.currentTarget.value })} />
      <datalist id="known-tags">{tags.map((tag) => <option key={tag} value={tag} />)}</datalist>
      <select aria-label={t("order")} value={filters.order} onChange={(event) => onChange({ ...filters, order: event.currentTarget.value as Order }, false)}>
        <option value="newest">{t("newest")}</option>
        <option value="oldest">{t("oldest")}</option>
      </select>
      {isFiltered(filters) && <Button kind="quiet" icon="close" onClick={() => onChange({ ...filters, state: "", tag: "", q: "" }, false)}>{t("clear")}</Button>}
    </form>
  );
}
