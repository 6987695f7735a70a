/** What else is known of the project: facts, costs, notes, versions of its transcript. */
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Table } from "~/components/table";
import { clock as clockText, dateTime, duration, money } from "~/i18n";
import { language } from "~/i18n";
import { keys, type Project } from "./data";
import { t } from "./messages";
import { StageList } from "./progress";

export function DetailsPanel({ project }: { project: Project }) {
  const { cost } = project;
  const priced = cost.items.filter((item) => item.money !== null);
  return (
    <div class="panel-pad stack">
      <dl class="facts">
        <dt>{t("created")}</dt><dd>{dateTime(project.created_at)}</dd>
        {project.finished_at && <><dt>{t("finished")}</dt><dd>{dateTime(project.finished_at)}</dd></>}
        {project.duration_ms !== null && <><dt>{t("length")}</dt><dd>{clockText(project.duration_ms)}</dd></>}
        {project.width_px !== null && <><dt>{t("size")}</dt><dd>{project.width_px} × {project.height_px}</dd></>}
        {project.language && <><dt>{t("language")}</dt><dd>{new Intl.DisplayNames(language.value, { type: "language" }).of(project.language)}</dd></>}
        {project.source_url && <><dt>{t("source")}</dt><dd>{project.source_url}</dd></>}
      </dl>
      {project.warnings.length > 0 && <section><h2 class="panel-title">{t("notes")}</h2><ul lang="en">{project.warnings.map((one) => <li key={one}>{one}</li>)}</ul></section>}
      <section>
        <h2 class="panel-title">{t("progress")}</h2>
        <StageList stages={project.stages} />
      </section>
      <section>
        <h2 class="panel-title">{t("costs")}</h2>
        {priced.length === 0 ? <p class="hint">{t("noPrices")}</p> : (
          <Table
            caption={t("costs")}
            rows={priced}
            keyOf={(item) => `${item.stage}-${item.kind}`}
            columns={[
              { title: t("stage"), cell: (item) => t(`stage_${item.stage}`) },
              { title: t("costs"), numeric: true, cell: (item) => money(item.money ?? 0, cost.currency) },
            ]}
          />
        )}
        <p class="hint">{t("processor")}: {duration(project.cpu_ms)}</p>
      </section>
      <Versions id={project.project_id} />
    </div>
  );
}

function Versions({ id }: { id: string }) {
  const versions = useQuery(keys.versions(id), (signal) => call(api.GET("/v1/projects/{project_id}/transcript/versions", { params: { path: { project_id: id } }, signal })));
  if (!versions.data) return null;
  return (
    <section>
      <h2 class="panel-title">{t("versions")}</h2>
      <ol class="plain versions">
        {versions.data.items.map((one) => (
          <li key={one.version}>
            <p><strong>{t("versionOf", { number: one.version })}</strong> · {t(one.made_by === "machine" ? "byMachine" : "byPerson")} · {dateTime(one.created_at)}</p>
            {one.changes.length > 0 && (
              <details>
                <summary>{t("changes", { count: one.changes.length })}</summary>
                <ul class="plain">{one.changes.map((change, at) => <li key={at}><del>{change.before}</del> <ins>{change.after}</ins></li>)}</ul>
              </details>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
