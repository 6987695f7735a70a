/** Making the file again, and whether it comes to the same. */
import { useEffect } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";
import { setQuery, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Notice, Progress } from "~/components/states";
import { Table } from "~/components/table";
import { may } from "~/session/session";
import { tq } from "./certificate-messages";

const ASK_MS = 3_000;
type Replay = Schemas["Replay"];

async function readReplay(exportId: string, signal: AbortSignal): Promise<Replay | null> {
  try {
    return await call(api.GET("/v1/exports/{export_id}/replay", { params: { path: { export_id: exportId } }, signal }));
  } catch (error) {
    if (asProblem(error).status === 404) return null;
    throw error;
  }
}

export function ReplayCard({ exportId }: { exportId: string }) {
  const key = `replays/${exportId}`;
  const replay = useQuery(key, (signal) => readReplay(exportId, signal));
  const waits = replay.data?.state === "waiting";
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setInterval(replay.reload, ASK_MS);
    return () => clearInterval(timer);
  }, [waits, replay.reload]);
  const ask = async () => {
    const started = await call(api.POST("/v1/exports/{export_id}/replay", { params: { path: { export_id: exportId } } }));
    setQuery<Replay | null>(key, () => started);
  };
  if (replay.data === undefined) return null;
  return (
    <Card title={tq("replay")}>
      <p class="hint">{tq("replayText")}</p>
      <div aria-live="polite">
        {waits && <><p>{tq("replayWaiting")}</p><Progress value={null} label={tq("replayWaiting")} /></>}
        {replay.data?.state === "done" && <Outcome replay={replay.data} />}
      </div>
      {!waits && may("projects:write") && <Button onClick={ask}>{tq("replayAsk")}</Button>}
    </Card>
  );
}

function Outcome({ replay }: { replay: Replay }) {
  const { outcome, differences, files } = replay;
  const kind = outcome === "same" ? "done" : outcome === "failed" ? "failed" : "warn";
  const word = outcome === "failed" ? "replayFailed" : (outcome ?? "replayFailed");
  return (
    <>
      <Notice kind={kind}>
        <p><strong>{tq(word)}</strong></p>
        {replay.compared > 0 && <p>{tq("compared", { count: replay.compared })}</p>}
        {replay.detail && <p lang="en">{replay.detail}</p>}
        {files.length > 0 && <p>{tq("differs", { files: files.join(", ") })}</p>}
      </Notice>
      {differences.length > 0 && (
        <Table
          caption={tq("replay")}
          rows={differences}
          keyOf={(one) => one.what}
          columns={[
            { title: tq("what"), cell: (one) => one.what },
            { title: tq("then"), cell: (one) => one.then ?? tq("absent") },
            { title: tq("now"), cell: (one) => one.now ?? tq("absent") },
          ]}
        />
      )}
    </>
  );
}
