/** How long files took until now: what is expected of the next ones. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";

const LOOKED_AT = 3;

type File = Pick<Schemas["ClipExport"], "export_id" | "state" | "automatic" | "number">;

/** Milliseconds for `count` files like these; null where none of them tells. Those that came with the project waited for its other stages. */
export function useUsualTime(files: readonly File[], count: number): number | null {
  const finished = files.filter((one) => one.state === "done" && !one.automatic).sort((a, b) => b.number - a.number).slice(0, LOOKED_AT);
  const key = finished.length > 0 ? `usual-time/${finished.map((one) => one.export_id).join(",")}` : null;
  const times = useQuery(key, (signal) => Promise.all(finished.map((one) => readTimes(one.export_id, signal)))).data;
  const known = (times ?? []).flatMap((one) => (one.finished_at ? [Date.parse(one.finished_at) - Date.parse(one.created_at)] : [])).sort((a, b) => a - b);
  const middle = known[Math.floor(known.length / 2)];
  return middle === undefined ? null : middle * count;
}

type Times = Pick<Schemas["Export"], "created_at" | "finished_at">;

async function readTimes(exportId: string, signal: AbortSignal): Promise<Times> {
  return call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: exportId }, query: { fields: "created_at,finished_at" } }, signal })) as Promise<Times>;
}

/** When a file was asked for, in milliseconds; null until it is known. */
export function useAskedAt(exportId: string): number | null {
  const times = useQuery(`asked-at/${exportId}`, (signal) => readTimes(exportId, signal)).data;
  return times ? Date.parse(times.created_at) : null;
}
