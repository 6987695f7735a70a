/** A project: its video with the words, what was found in it, and the clips that it became. */
import { useLocation, useRoute } from "preact-iso";
import { useState } from "preact/hooks";
import { LinkButton } from "~/components/button";
import { Page } from "~/components/page";
import { Empty, Loading, ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { isErased, useProject } from "./data";
import { t } from "./messages";
import { Workspace } from "./workspace";
import "./project.css";

export default function ProjectScreen() {
  const { params } = useRoute();
  const id = params["id"] ?? "";
  return <Project key={id} id={id} />;
}

function Project({ id }: { id: string }) {
  const { route } = useLocation();
  const [erasedHere, setErased] = useState(false);
  const project = useProject(id);
  if (erasedHere || (project.problem && isErased(project.problem))) return <Gone title={t("erasedTitle")} text={t("erasedText")} />;
  if (project.problem?.status === 404 || (project.problem?.status === 422 && !project.data)) return <Gone title={t("missingTitle")} text={t("missingText")} />;
  if (!project.data) {
    return <Page title={t("project")}>{project.problem ? <ProblemNotice problem={project.problem} onRetry={project.reload} /> : <Loading />}</Page>;
  }
  return <Workspace project={project.data} problem={project.problem} onErased={() => { setErased(true); route(to()); }} />;
}

function Gone({ title, text }: { title: string; text: string }) {
  return (
    <Page title={title}>
      <Empty icon="trash" title={title}>
        <p>{text}</p>
        <LinkButton kind="primary" href={to()}>{common("home")}</LinkButton>
      </Empty>
    </Page>
  );
}
