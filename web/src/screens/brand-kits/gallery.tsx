/** All caption templates, each drawn over the same picture. */
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Badge, Loading, ProblemNotice } from "~/components/states";
import { templateWords } from "~/i18n/server-words";
import { KitDrawing } from "./drawing";
import { t } from "./messages";

const NO_ASSETS = new Map();

export function useTemplates() {
  return useQuery("caption-templates", (signal) => call(api.GET("/v1/caption-templates", { signal })));
}

export function Gallery() {
  const read = useTemplates();
  if (read.problem && !read.data) return <ProblemNotice problem={read.problem} onRetry={read.reload} />;
  if (!read.data) return <Loading />;
  return (
    <>
      <p>{t("templatesText")}</p>
      <ul class="plain gallery">
        {read.data.items.map((one) => (
          <li key={one.template_id} class="card">
            <KitDrawing kit={{ name: one.name }} template={one} assets={NO_ASSETS} aspect="1:1" />
            <h2>{templateWords(one.template_id)?.name ?? one.name} {one.template_id === read.data?.default && <Badge tone="active">{t("default")}</Badge>}</h2>
            <p class="hint" lang={templateWords(one.template_id) ? undefined : "en"}>{templateWords(one.template_id)?.description ?? one.description}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
