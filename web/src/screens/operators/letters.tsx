/** Dead letters: what no consumer could process, with its bytes, and a way to send it again. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { usePages } from "~/api/pages";
import { invalidate, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { Select, TextField } from "~/components/fields";
import { Badge, Empty, Loading, ProblemNotice } from "~/components/states";
import { PagedTable } from "~/components/table";
import { ago, dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";
import { payloadOf } from "./payload";

type Letter = Schemas["DeadLetterSummary"];
const STAGES = ["ingest", "listen", "close", "look", "study", "detect", "frame", "render", "preview", "deliver"];
const IS_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

function Lines({ label, text }: { label: string; text: string }) {
  return <pre class="lines" tabIndex={0} role="region" aria-label={label}>{text}</pre>;
}

function LetterDialog({ letter, onReplay, onClose }: { letter: Letter; onReplay: () => void; onClose: () => void }) {
  const read = useQuery(`admin/dead-letters/${letter.dead_id}`, (signal) => call(api.GET("/v1/admin/dead-letters/{dead_id}", { params: { path: { dead_id: letter.dead_id } }, signal })));
  const payload = read.data && payloadOf(read.data.payload_base64);
  return (
    <Dialog title={t("letter")} onClose={onClose} wide>
      <dl class="facts">
        <dt>{t("reason")}</dt>
        <dd><code>{letter.reason}</code> <span lang="en">{letter.detail}</span></dd>
        <dt>{t("place")}</dt>
        <dd><code>{letter.topic} · {letter.partition} · {letter.offset}</code></dd>
        <dt>{t("time")}</dt>
        <dd>{dateTime(letter.created_at)}</dd>
        {letter.org_id && <><dt>{t("organisation")}</dt><dd><code>{letter.org_id}</code></dd></>}
        {letter.project_id && <><dt>{t("project")}</dt><dd><code>{letter.project_id}</code></dd></>}
      </dl>
      {!read.data && (read.problem ? <ProblemNotice problem={read.problem} onRetry={read.reload} /> : <Loading />)}
      {read.data && payload && (
        <>
          <h3>{t("headers")}</h3>
          <Lines label={t("headers")} text={Object.entries(read.data.headers).map(([name, value]) => `${name}: ${value}`).join("\n")} />
          <h3>{t("payload")}</h3>
          {payload.binary && <p class="hint">{t("binary")}</p>}
          <Lines label={t("payload")} text={payload.text} />
          {payload.shown < payload.size && <p class="hint">{t("cut", { count: payload.shown, size: payload.size })}</p>}
        </>
      )}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("close")}</Button>
        {may("dead-letters:write") && <Button kind="primary" icon="redo" onClick={onReplay}>{t("replay")}</Button>}
      </div>
    </Dialog>
  );
}

export function Letters() {
  const [stage, setStage] = useState("");
  const [projectId, setProjectId] = useState("");
  const [shown, setShown] = useState<Letter | null>(null);
  const [replaying, setReplaying] = useState<Letter | null>(null);
  const project = IS_ID.test(projectId.trim()) ? projectId.trim() : undefined;
  const pages = usePages<Letter>(`dead-letters/${stage}/${project ?? ""}`, (cursor, signal) =>
    call(api.GET("/v1/admin/dead-letters", { params: { query: { cursor, limit: 50, stage: stage || undefined, project_id: project } }, signal })),
  );
  const replay = async (letter: Letter) => {
    const done = await call(api.POST("/v1/admin/dead-letters/{dead_id}/replay", { params: { path: { dead_id: letter.dead_id } } }));
    pages.update((items) => items.map((one) => (one.dead_id === done.dead_id ? { ...one, replayed_at: done.replayed_at } : one)));
    invalidate("admin/overview");
    setShown(null);
    tell(t("replayDone"));
  };
  return (
    <>
      <p>{t("lettersText")}</p>
      <div class="operator-filters">
        <Select label={t("stage")} value={stage} onChange={setStage} choices={[{ value: "", label: t("anyStage") }, ...STAGES.map((value) => ({ value, label: value }))]} />
        <TextField label={t("project")} value={projectId} onInput={setProjectId} placeholder="0b8e6c4e-…" spellcheck={false} />
      </div>
      <PagedTable
        caption={t("letters")}
        pages={pages}
        keyOf={(one) => one.dead_id}
        empty={<Empty icon="check" title={t("noLetters")}><p>{t("noLettersText")}</p></Empty>}
        columns={[
          { title: t("reason"), cell: (one) => <><button type="button" class="link" onClick={() => setShown(one)}>{one.reason}</button><p class="hint" lang="en">{one.detail}</p></> },
          { title: t("stage"), cell: (one) => one.stage },
          { title: t("place"), cell: (one) => <code>{one.topic} · {one.partition} · {one.offset}</code> },
          { title: t("time"), cell: (one) => <time dateTime={one.created_at} title={dateTime(one.created_at)}>{ago(one.created_at)}</time> },
          { title: common("state"), cell: (one) => (one.replayed_at ? <Badge tone="good">{t("replayed")}</Badge> : <Badge tone="warn">{t("notReplayed")}</Badge>) },
          { title: "", cell: (one) => may("dead-letters:write") && <Button small onClick={() => setReplaying(one)}>{t("replay")}</Button> },
        ]}
      />
      {shown && !replaying && <LetterDialog letter={shown} onReplay={() => setReplaying(shown)} onClose={() => setShown(null)} />}
      {replaying && <ConfirmDialog title={t("replayTitle")} text={t("replayText", { topic: replaying.topic })} verb={t("replay")} onConfirm={() => replay(replaying)} onClose={() => setReplaying(null)} />}
    </>
  );
}
