/** Projects as cards. */
import { usePages } from "~/api/pages";
import { api, call, type Schemas } from "~/api/client";
import { PagedTable } from "~/components/table";
import { Page } from "~/components/page";
import { Empty } from "~/components/states";

export default function Home() {
  const pages = usePages<Schemas["ProjectSummary"]>("projects", (cursor, signal) =>
    call(api.GET("/v1/projects", { params: { query: { cursor, limit: 24 } }, signal })),
  );
  return (
    <Page title="Projects">
      <PagedTable
        caption="Projects"
        pages={pages}
        keyOf={(one) => one.project_id}
        empty={<Empty icon="film" title="No project yet" />}
        columns={[{ title: "Title", cell: (one) => one.title }, { title: "State", cell: (one) => one.state }]}
      />
    </Page>
  );
}
