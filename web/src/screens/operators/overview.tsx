/** The installation at a glance: what answers, what waits, what is behind. */
import { useEffect } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Card } from "~/components/page";
import { Badge, Loading, Notice, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { ago, dateTime, number } from "~/i18n";
import { t } from "./messages";

type Overview = Schemas["Overview"];

const LOOK_AGAIN_MS = 10_000;

function Tiles({ overview }: { overview: Overview }) {
  const parts = Object.keys(overview.components).length;
  const behind = overview.lag?.reduce((sum, row) => sum + row.messages, 0);
  const tiles: { label: string; value: string; hint?: string; bad?: boolean }[] = [
    { label: t("parts"), value: `${parts - overview.down.length}/${parts}`, hint: overview.down.length > 0 ? overview.down.join(", ") : undefined, bad: overview.down.length > 0 },
    { label: t("running"), value: number(overview.projects.running) },
    { label: t("queued"), value: number(overview.projects.queued) },
    { label: t("openLetters"), value: number(overview.dead_letters.open), hint: overview.dead_letters.last_at ? t("lastLetter", { time: ago(overview.dead_letters.last_at) }) : undefined, bad: overview.dead_letters.open > 0 },
    { label: t("standStill"), value: number(overview.stuck), bad: overview.stuck > 0 },
    { label: t("outbox"), value: number(overview.outbox.waiting), hint: overview.outbox.oldest_at ? t("oldest", { time: ago(overview.outbox.oldest_at) }) : undefined },
    { label: t("lag"), value: behind === undefined ? "–" : number(behind) },
  ];
  return (
    <dl class="glance">
      {tiles.map((one) => (
        <div key={one.label} class={`card${one.bad ? " bad" : ""}`}>
          <dt>{one.label}</dt>
          <dd>{one.value}{one.hint && <small>{one.hint}</small>}</dd>
        </div>
      ))}
    </dl>
  );
}

function Parts({ overview }: { overview: Overview }) {
  const names = [...new Set([...Object.keys(overview.components), ...Object.keys(overview.versions)])];
  return (
    <Card title={t("parts")}>
      <Table
        caption={t("parts")}
        rows={names}
        keyOf={(name) => name}
        columns={[
          { title: t("part"), cell: (name) => <strong>{name}</strong> },
          { title: t("answers"), cell: (name) => overview.components[name] && <Badge tone={overview.components[name].up ? "good" : "bad"}>{overview.components[name].up ? t("up") : t("down")}</Badge> },
          { title: t("took"), cell: (name) => overview.components[name] && number(overview.components[name].took_ms, { style: "unit", unit: "millisecond" }), numeric: true },
          { title: t("version"), cell: (name) => overview.versions[name] ?? <span class="hint">{t("unknownVersion")}</span> },
          { title: t("detail"), cell: (name) => <span lang="en">{overview.components[name]?.detail}</span> },
        ]}
      />
    </Card>
  );
}

function Lag({ overview }: { overview: Overview }) {
  const rows = [...(overview.lag ?? [])].filter((row) => row.messages > 0).sort((a, b) => b.messages - a.messages);
  return (
    <Card title={t("lagTitle")}>
      <p class="hint">{t("lagText")}</p>
      {overview.lag === null ? (
        <Notice kind="warn"><p>{overview.lag_unknown}</p></Notice>
      ) : rows.length === 0 ? (
        <Notice kind="done"><p>{t("noLag")}</p></Notice>
      ) : (
        <Table
          caption={t("lagTitle")}
          rows={rows}
          keyOf={(row) => `${row.group}/${row.topic}`}
          columns={[
            { title: t("group"), cell: (row) => <code>{row.group}</code> },
            { title: t("topic"), cell: (row) => <code>{row.topic}</code> },
            { title: t("messages"), cell: (row) => number(row.messages), numeric: true },
          ]}
        />
      )}
    </Card>
  );
}

function Work({ overview }: { overview: Overview }) {
  const lanes = new Map(overview.lanes.map((lane) => [lane.lane, lane]));
  const stages = new Map(overview.stages.map((stage) => [stage.stage, stage]));
  return (
    <Card title={t("work")}>
      <Table
        caption={t("work")}
        rows={[...new Set([...stages.keys(), ...lanes.keys()])]}
        keyOf={(name) => name}
        columns={[
          { title: t("stage"), cell: (name) => <code>{name}</code> },
          { title: t("atWork"), cell: (name) => (stages.has(name) ? number(stages.get(name)!.running) : "–"), numeric: true },
          { title: t("retrying"), cell: (name) => (stages.has(name) ? number(stages.get(name)!.retrying) : "–"), numeric: true },
          { title: t("waiting"), cell: (name) => (lanes.has(name) ? number(lanes.get(name)!.waiting) : "–"), numeric: true },
        ]}
      />
    </Card>
  );
}

export function OverviewView() {
  const read = useQuery("admin/overview", (signal) => call(api.GET("/v1/admin/overview", { signal })));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && read.reload(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [read.reload]);
  const overview = read.data;
  if (!overview) return read.problem ? <ProblemNotice problem={read.problem} onRetry={read.reload} /> : <Loading />;
  return (
    <>
      {read.problem && <ProblemNotice problem={read.problem} onRetry={read.reload} />}
      <Notice kind={overview.down.length > 0 ? "warn" : "done"}>
        <p><strong>{overview.down.length > 0 ? t("someDown", { count: overview.down.length }) : t("allUp", { count: Object.keys(overview.components).length })}</strong></p>
        <p>{t("asOf", { time: dateTime(overview.at) })}</p>
      </Notice>
      <Tiles overview={overview} />
      <Parts overview={overview} />
      <Lag overview={overview} />
      <Work overview={overview} />
      {overview.not_known.length > 0 && <Card title={t("notKnown")}><ul lang="en">{overview.not_known.map((one) => <li key={one}>{one}</li>)}</ul></Card>}
    </>
  );
}
