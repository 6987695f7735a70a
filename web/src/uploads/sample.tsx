/** The lecture that comes with the app, for whoever has no video at hand. */
import lecture from "../../../demo/physicsworks_lecture.webm?url";
import { Button, type ButtonKind } from "~/components/button";
import { lostProblem } from "~/api/problem";
import { t } from "./messages";

const NAME = "physicsworks_lecture.webm";

/** The file as if it were picked from a disk. Its time is fixed, so that it is known again after a reload. */
async function fetchSample(): Promise<File> {
  const answer = await fetch(lecture).catch(() => null);
  if (!answer?.ok) throw lostProblem();
  return new File([await answer.blob()], NAME, { type: "video/webm", lastModified: 0 });
}

export function SampleButton({ kind = "plain", onFiles }: { kind?: ButtonKind; onFiles: (files: File[]) => void }) {
  return <Button kind={kind} icon="film" title={t("sampleHint")} onClick={() => fetchSample().then((file) => onFiles([file]))}>{t("sample")}</Button>;
}
