/** The installation, for who operates it. */
import { useLocation } from "preact-iso";
import { Segmented } from "~/components/fields";
import { Page } from "~/components/page";
import { Notice } from "~/components/states";
import { to } from "~/routes";
import { may } from "~/session/session";
import { Letters } from "./letters";
import { t } from "./messages";
import { Organisations } from "./organisations";
import { OverviewView } from "./overview";
import { Stuck } from "./stuck";
import "./operators.css";

const VIEWS = ["overview", "letters", "stuck", "organisations"] as const;

export default function Operators() {
  const { query, route } = useLocation();
  const view = VIEWS.find((one) => one === query["view"]) ?? "overview";
  if (!may("installation:operate")) return <Page title={t("title")}><Notice kind="warn"><p>{t("denied")}</p></Notice></Page>;
  return (
    <Page title={t("title")} lead={t("lead")}>
      <p>
        <Segmented label={t("views")} value={view} choices={VIEWS.map((value) => ({ value, label: t(value) }))} onChange={(next) => route(next === "overview" ? to("operators") : `${to("operators")}?view=${next}`, true)} />
      </p>
      {view === "overview" && <OverviewView />}
      {view === "letters" && <Letters />}
      {view === "stuck" && <Stuck />}
      {view === "organisations" && <Organisations />}
    </Page>
  );
}
