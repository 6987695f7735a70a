/** How long the files of a clip took until now: what is expected of the next ones. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";

const LOOKED_AT = 3;

/** Milliseconds for `count` files; null where no file of the clip tells. */
export function useUsualTime(clip: Schemas["Clip"], count: number): number | null {
  const finished = clip.exports.filter((one) => one.state === "done" && !one.automatic).sort((a, b) => b.number - a.number).slice(0, LOOKED_AT);
  const key = finished.length > 0 ? `usual-time/${finished.map((one) => one.export_id).join(",")}` : null;
  const times = useQuery(key, (signal) =>
    Promise.all(finished.map(async (one) => {
      const found = await call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: one.export_id }, query: { fields: "created_at,finished_at" } }, signal }));
      return found.finished_at ? Date.parse(found.finished_at) - Date.parse(found.created_at) : null;
    })),
  ).data;
  const known = (times ?? []).filter((time): time is number => time !== null).sort((a, b) => a - b);
  const middle = known[Math.floor(known.length / 2)];
  return middle === undefined ? null : middle * count;
}
