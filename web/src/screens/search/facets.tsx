/** Filters with the number of hits of each value. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { number } from "~/i18n";
import { t } from "./messages";
import { kindName, languageName } from "./names";
import { FILTERS, KINDS, isFiltered, toggledFilter, withoutFilters, type FilterName, type SearchQuery } from "./query";

type Facets = Schemas["SearchResult"]["facets"];
const SHOWN = 8;
/** Facets of the API by the filter that they are values of. */
const SOURCES: Record<FilterName, string[]> = { project_id: ["project_id"], speaker: ["speaker_name", "speaker"], language: ["language"], topic: ["topics"], kind: ["kind"] };

/** Values of a filter with their hits over all kinds, most frequent first; chosen ones are always among them. */
export function valuesOf(facets: Facets, name: FilterName, chosen: string[]): { value: string; count: number }[] {
  const counts = new Map<string, number>(chosen.map((value) => [value, 0]));
  for (const kind of KINDS) {
    const fields = facets?.[kind] ?? {};
    // A named speaker is found by name; ids stand in where nobody has a name.
    const source = SOURCES[name].find((one) => Object.keys(fields[one] ?? {}).length > 0);
    for (const [value, count] of Object.entries(source ? fields[source]! : {})) counts.set(value, (counts.get(value) ?? 0) + count);
  }
  const found = [...counts].map(([value, count]) => ({ value, count }));
  return found.sort((a, b) => Number(chosen.includes(b.value)) - Number(chosen.includes(a.value)) || b.count - a.count).slice(0, Math.max(SHOWN, chosen.length));
}

function ProjectName({ id, titles }: { id: string; titles: Map<string, string> }) {
  const known = titles.get(id);
  const read = useQuery(known ? null : `projects/${id}/title`, (signal) => call(api.GET("/v1/projects/{project_id}", { params: { path: { project_id: id } }, signal })));
  return <>{known || read.data?.title || id.slice(0, 8)}</>;
}

function nameOf(name: FilterName, value: string): string {
  if (name === "language") return languageName(value);
  return name === "kind" ? kindName(value) : value;
}

export function FacetPanel({ query, facets, titles, onChange }: {
  query: SearchQuery;
  facets: Facets;
  /** Titles of projects that hits have told. */
  titles: Map<string, string>;
  onChange: (query: SearchQuery) => void;
}) {
  return (
    <aside class="facets" aria-label={t("filters")}>
      {isFiltered(query) && <Button small icon="close" onClick={() => onChange(withoutFilters(query))}>{t("clear")}</Button>}
      {FILTERS.map((name) => {
        const values = valuesOf(facets, name, query.filters[name]);
        if (values.length === 0) return null;
        return (
          <fieldset key={name}>
            <legend>{t(`f_${name}`)}</legend>
            {values.map(({ value, count }) => (
              <label key={value} class="facet">
                <input type="checkbox" checked={query.filters[name].includes(value)} onChange={() => onChange(toggledFilter(query, name, value))} />
                <span class="ellipsis">{name === "project_id" ? <ProjectName id={value} titles={titles} /> : nameOf(name, value)}</span>
                <span class="count">{number(count)}</span>
              </label>
            ))}
          </fieldset>
        );
      })}
      <fieldset>
        <legend>{t("f_trust")}</legend>
        {(["trusted", "doubtful"] as const).map((value) => (
          <label key={value} class="facet">
            <input type="checkbox" checked={query.trust === value} onChange={() => onChange({ ...query, trust: query.trust === value ? null : value })} />
            <span>{t(value)}</span>
          </label>
        ))}
      </fieldset>
      <TextField label={t("since")} type="date" value={query.since} onInput={(since) => onChange({ ...query, since })} />
      <TextField label={t("until")} type="date" value={query.until} onInput={(until) => onChange({ ...query, until })} />
    </aside>
  );
}
