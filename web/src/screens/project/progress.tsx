/** How far the work is, step by step, while it runs. */
import { Icon } from "~/components/icon";
import { Badge, Progress, type Tone } from "~/components/states";
import { duration } from "~/i18n";
import type { Project } from "./data";
import { t } from "./messages";

type Stage = Project["stages"][number];
const TONES: Record<Stage["state"], Tone> = { waiting: "neutral", running: "active", done: "good", failed: "bad", skipped: "neutral" };

/** Time left by the estimate, in ms; null where there is none or it is already over. */
export function leftMs(project: Project, now = Date.now()): number | null {
  const expected = project.cost.estimate?.elapsed_ms.expected;
  if (!expected || !project.started_at) return null;
  const left = expected - (now - new Date(project.started_at).getTime());
  return left > 5_000 ? left : null;
}

export function WorkProgress({ project }: { project: Project }) {
  const running = project.stages.filter((stage) => stage.state === "running");
  const left = leftMs(project);
  return (
    <section class="work-progress" aria-label={t("progress")}>
      <div class="row">
        <span class="work-now" aria-live="polite">
          <span class="spinner" aria-hidden="true" /> {running.length > 0 ? running.map((stage) => t(`stage_${stage.stage}`)).join(" · ") : t(project.state === "queued" ? "queued" : "running")}
        </span>
        <span class="spread" />
        {left !== null && <span class="hint">{t("timeLeft", { time: duration(left) })}</span>}
        <strong class="numeric">{t("percent", { percent: project.percent })}</strong>
      </div>
      <Progress value={project.percent} label={t("progress")} />
      <details>
        <summary>{t("stagesShow")}</summary>
        <StageList stages={project.stages} />
      </details>
    </section>
  );
}

export function StageList({ stages }: { stages: Stage[] }) {
  return (
    <ol class="plain stages">
      {stages.map((stage) => (
        <li key={stage.stage}>
          <span class={`stage-mark ${stage.state}`} aria-hidden="true">{stage.state === "done" ? <Icon name="check" size={16} /> : stage.state === "failed" ? <Icon name="warning" size={16} /> : stage.state === "running" ? <span class="spinner" /> : null}</span>
          <span>{t(`stage_${stage.stage}`)}</span>
          {stage.state === "running" && stage.parts_total > 1 && <span class="hint">{t("parts", { done: stage.parts_done, total: stage.parts_total })}</span>}
          <span class="spread" />
          {stage.elapsed_ms !== null && stage.state !== "waiting" && <span class="hint numeric">{duration(stage.elapsed_ms)}</span>}
          <Badge tone={TONES[stage.state]}>{t(`state_${stage.state}`)}</Badge>
        </li>
      ))}
    </ol>
  );
}
